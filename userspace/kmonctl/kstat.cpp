// SPDX-License-Identifier: GPL-2.0-only
#include "modules/kstat.hpp"

#include "command.hpp"
#include "format.hpp"
#include "sysfs.hpp"

namespace kmon::cli {

namespace {

Result<ExitCode> set_kstat(Context& context, const std::string& parameter, const std::string& value) {
    if (const auto done = write_parameter(context.root, {"kstat", parameter, value}); !done) return fail(done.error());
    const auto view = read_kstat(context.root);
    if (!view) return fail(view.error());

    if (context.json)
        context.out << to_text({{"module", "kstat"},
                                {"running", view->running},
                                {"counter", view->counter},
                                {"packets", view->packets}})
                    << '\n';
    else if (view->running)
        context.err << "kstat is counting, and publishes every " << grouped(view->counter) << " packets.\n";
    else
        context.err << "kstat has stopped at " << grouped(view->packets) << " packets.\n";
    return ExitCode::ok;
}

struct Options {
    std::string action;
    std::string steps;
};

Result<ExitCode> kstat(Context& context, const Options& options) {
    if (options.action == "counter" && options.steps.empty())
        return fail("N is missing: kmonctl kstat counter N sets the packets between two publications", ExitCode::usage);
    if (options.action != "counter" && !options.steps.empty())
        return fail("kstat " + options.action + " takes no number", ExitCode::usage);
    if (options.action == "counter") return set_kstat(context, "counter", options.steps);
    return set_kstat(context, "start", flag(options.action == "start"));
}

} // namespace

void add_kstat(CLI::App& kmon, Context& context) {
    auto options = std::make_shared<Options>();
    auto& command = add_command(kmon, context, "kstat", "Start or stop kstat, or set its step",
                                [&context, options] { return kstat(context, *options); });
    command.add_option("ACTION", options->action, "start, stop, or counter")
        ->required()
        ->check(CLI::IsMember({"start", "stop", "counter"}));
    command.add_option("N", options->steps, "With counter: packets between two publications, 1 to 2147483647")
        ->check(CLI::Range(1U, 2147483647U));
}

void add_start(CLI::App& kmon, Context& context) {
    add_command(kmon, context, "start", "The same as kmonctl kstat start; loads no module",
                [&context] { return set_kstat(context, "start", "1"); });
}

void add_stop(CLI::App& kmon, Context& context) {
    add_command(kmon, context, "stop", "The same as kmonctl kstat stop; unloads no module",
                [&context] { return set_kstat(context, "start", "0"); });
}

} // namespace kmon::cli
