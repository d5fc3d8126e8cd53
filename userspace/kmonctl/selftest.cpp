// SPDX-License-Identifier: GPL-2.0-only
#include "selftest.hpp"

#include "command.hpp"

namespace kmon::cli {

namespace {

struct Options {
    std::string suite = "all";
    std::string interface;
    bool stop_service = false;
};

Result<void> check(const TestBench& bench, const std::filesystem::path& runner) {
    if (!bench.root)
        return fail("the tests load and unload kernel modules: only root may do that", ExitCode::not_permitted,
                    "become root (sudo)");
    std::error_code error;
    if (!std::filesystem::exists(runner, error))
        return fail("the tests are not installed: there is no " + runner.string(), ExitCode::failed,
                    "install the package kmon-tests, or build with cmake and install from there");
    if (!bench.installed("bats"))
        return fail("bats is not installed; it runs the tests", ExitCode::failed,
                    "apt install bats bats-assert bats-support (or dnf, zypper, pacman)");
    return {};
}

Result<ExitCode> selftest(const Context& context, const Options& options) {
    const auto bench = context.test_bench();
    const auto runner = bench.directory / "run_tests.sh";
    if (const auto ready = check(bench, runner); !ready) return fail(ready.error());

    std::vector<std::string> command = {runner.string(), options.suite};
    if (!options.interface.empty()) command.insert(command.end(), {"--interface", options.interface});
    if (options.stop_service) command.emplace_back("--stop-service");
    if (context.json) command.emplace_back("--json");
    return bench.become(command);
}

} // namespace

void add_selftest(CLI::App& kmon, Context& context) {
    auto options = std::make_shared<Options>();
    auto& command = add_command(kmon, context, "selftest", "Test the modules on this machine, and leave it as it was",
                                [&context, options] { return selftest(context, *options); });
    command.add_option("SUITE", options->suite, "basic, traffic, stress, or all (the default)")
        ->check(CLI::IsMember({"basic", "traffic", "stress", "all"}));
    command
        .add_option("--interface", options->interface, "Also watch this interface, not only those that the tests make")
        ->type_name("IF");
    command.add_flag("--stop-service", options->stop_service,
                     "Stop kmon.service and unload the modules for the tests, then restore them");
}

} // namespace kmon::cli
