// SPDX-License-Identifier: GPL-2.0-only
#include "command.hpp"
#include "config.hpp"
#include "control/keeper.hpp"
#include "control/loading.hpp"
#include "control/network.hpp"
#include "control/requests.hpp"
#include "mistakes.hpp"

namespace kmon::cli {

namespace {

using control::Report;

// Without the service: applies once, and waits for nothing.
Report apply_directly(Context& context, const Config& config) {
    const auto tell = [&context](const control::Entry& entry) { context.err << "kmonctl: " << entry.message << '\n'; };
    control::Keeper keeper(context.root, tell, context.network);
    keeper.start(config);
    auto report = keeper.report();
    report.by = "kmonctl";
    return report;
}

// Adds the errors just seen while loading, in case they could not be recorded in /run/kmon.
void add_refusals(Report& report, const control::Refused& refused) {
    for (auto& module : report.modules) {
        const auto error = refused.find(module.name);
        if (error != refused.end() && !module.loaded && (!module.problem || module.problem->system == 0))
            module.problem = error->second;
    }
}

Result<Report> apply_config(Context& context, const Config& config) {
    auto progress = context.progress("loading modules");
    const auto refused = control::load_modules(context.root, config, [&](const auto& what) { progress.say(what); });
    progress.say("waiting for kmond");
    auto report = control::ask(context.root, control::Request::reload);
    if (!report && report.error().code == ExitCode::not_running) report = apply_directly(context, config);
    if (report) add_refusals(*report, refused);
    return report;
}

Result<ExitCode> apply(Context& context) {
    const auto reading = read_config(context.root);
    tell_mistakes(context, reading);
    if (!reading.problems.empty()) return reading.problems.front().code;

    const auto report = apply_config(context, reading.config);
    if (!report) return fail(report.error());
    if (context.json) context.out << to_text(to_json(*report)) << '\n';
    if (const auto good = control::verdict(*report); !good) return fail(good.error());
    if (context.json) return ExitCode::ok;
    if (report->by == "kmond")
        context.err << "kmond applied the configuration.\n";
    else
        context.err << "Applied once. kmond is not running, so nothing keeps these settings (systemctl start kmon).\n";
    return ExitCode::ok;
}

} // namespace

void add_apply(CLI::App& kmon, Context& context) {
    add_command(kmon, context, "apply", "Load the enabled modules and apply the configuration",
                [&context] { return apply(context); });
}

} // namespace kmon::cli
