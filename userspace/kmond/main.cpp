// SPDX-License-Identifier: GPL-2.0-only
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

#include "config.hpp"
#include "control/journal.hpp"
#include "control/loading.hpp"
#include "control/requests.hpp"
#include "service.hpp"
#include "standard_streams.hpp"
#include "version.hpp"

namespace {

using namespace kmon;

// If the configuration is bad, the service itself reports why.
Result<void> load(const Root& root) {
    const auto config = load_config(root);
    if (!config)
        return fail("no module was loaded: the configuration is not valid", config.error().code, "kmonctl check");
    control::load_modules(root, *config);
    return {};
}

// The running kmond is asked even if the configuration is not valid: it tells why, and remembers that it refused.
Result<void> reload(const Root& root) {
    const auto config = load_config(root);
    if (config) control::load_modules(root, *config);
    const auto report = control::ask(root, control::Request::reload);
    if (!report && !config)
        return fail("not reloaded: the configuration is not valid; the old settings stay in force", config.error().code,
                    "kmonctl check");
    if (!report) return fail(report.error());
    auto done = control::verdict(*report);
    if (!done) return fail("reloaded, but " + done.error().what, done.error().code, done.error().hint);
    return done;
}

// Runs the program; returns the exit code.
ExitCode run(int argc, char** argv) {
    CLI::App app("Keep kmon's kernel modules as /etc/kmon.toml configures them. Started by kmon.service.", "kmond");
    bool only_load = false;
    bool only_reload = false;
    app.set_version_flag("--version", std::string("kmond ") + version);
    auto* load_flag = app.add_flag("--load", only_load, "Load the enabled modules and exit");
    app.add_flag("--reload", only_reload,
                 "Load newly enabled modules, make the running kmond reload, and report the outcome")
        ->excludes(load_flag);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? ExitCode::ok : ExitCode::usage;
    }
    if (::geteuid() != 0) {
        std::cerr << "kmond: must run as root: sudo kmond, or systemctl start kmon\n";
        return ExitCode::not_permitted;
    }

    const Root root;
    const auto journal = control::open_journal();
    const auto outcome = only_load ? load(root) : only_reload ? reload(root) : kmond::serve(root, journal);
    if (outcome) return ExitCode::ok;
    std::cerr << "kmond: " << control::sentence(outcome.error()) << '\n';
    return outcome.error().code;
}

} // namespace

int main(int argc, char** argv) {
    kmon::reserve_standard_streams();
    try {
        return kmon::status_of(run(argc, argv));
    } catch (const std::exception& error) { // out of memory, for example
        std::cerr << "kmond: " << error.what() << '\n';
        return kmon::status_of(kmon::ExitCode::failed);
    }
}
