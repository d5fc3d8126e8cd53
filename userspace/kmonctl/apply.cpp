// SPDX-License-Identifier: GPL-2.0-only
#include <syslog.h>

#include "command.hpp"
#include "config.hpp"
#include "kmond/keeper.hpp"
#include "kmond/network.hpp"
#include "reload_request.hpp"
#include "view_json.hpp"

namespace kmon::cli {

namespace {

struct Outcome {
    bool by_service = false;
    std::vector<kmond::ModuleReport> modules; // not by the service, which has told the journal
};

// What cannot be loaded is told of by whoever applies the settings next.
void load_enabled(Context& context, const Config& config) {
    auto progress = context.progress("loading modules");
    for (const std::string module : module_names) {
        if (!config.enabled(module) || module_state(context.root, module).loaded) continue;
        progress.say("loading " + module);
        (void)load_module(context.root, module);
    }
}

// Without the service: once, so what is not there yet is not waited for.
Outcome apply_directly(Context& context, const Config& config) {
    const auto tell = [&context](const kmond::Entry& entry) { context.err << "kmonctl: " << entry.message << '\n'; };
    kmond::Keeper keeper(context.root, tell, kmond::ask_network);
    keeper.start(config);
    return {false, keeper.report()};
}

Result<Outcome> apply_config(Context& context, const Config& config) {
    load_enabled(context, config);
    const auto progress = context.progress("waiting for kmond");
    const auto reloaded = request_reload(context.root);
    if (reloaded) return Outcome{true, {}};
    if (reloaded.error().code != ExitCode::not_running) return fail(reloaded.error());
    return apply_directly(context, config);
}

Json json_of(const Outcome& outcome) {
    Json modules = Json::object();
    for (const auto& module : outcome.modules)
        modules[module.name] = {{"loaded", module.loaded},
                                {"problem", module.problem ? Json(module.problem->what) : Json()}};
    return {{"by", outcome.by_service ? "kmond" : "kmonctl"}, {"modules", std::move(modules)}};
}

Result<int> apply(Context& context) {
    const auto reading = read_config(context.root);
    for (const auto& problem : reading.problems)
        context.err << problem.text() << '\n';
    if (!reading.problems.empty()) return reading.problems.front().code;

    const auto outcome = apply_config(context, reading.config);
    if (!outcome) return fail(outcome.error());
    if (context.json) context.out << to_text(json_of(*outcome)) << '\n';
    for (const auto& module : outcome->modules)
        if (module.problem) return fail(*module.problem);
    if (context.json) return ExitCode::ok;
    if (outcome->by_service)
        context.err << "kmond has applied the configuration.\n";
    else
        context.err << "Applied once; kmond, which would keep it so, does not run (systemctl start kmon).\n";
    return ExitCode::ok;
}

} // namespace

void add_apply(CLI::App& kmon, Context& context) {
    add_command(kmon, context, "apply", "Load the enabled modules and apply the configuration",
                [&context] { return apply(context); });
}

} // namespace kmon::cli
