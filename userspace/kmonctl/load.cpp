// SPDX-License-Identifier: GPL-2.0-only
#include "command.hpp"
#include "config.hpp"
#include "control/loading.hpp"
#include "modules/module_table.hpp"

namespace kmon::cli {

namespace {

// The modules get their settings from kmond, which notices that they were loaded, or from `kmonctl apply`.
Result<ExitCode> load(Context& context) {
    const auto config = load_config(context.root);
    if (!config) return fail(config.error());
    auto progress = context.progress("loading modules");
    const auto refused = control::load_modules(context.root, *config, [&](const auto& what) { progress.say(what); });

    Json json = Json::object();
    for (const auto& module : modules()) {
        const auto error = refused.find(module.name);
        json[module.name] = {{"loaded", module_instance(context.root, module.name).has_value()},
                             {"problem", error == refused.end() ? Json() : Json(error->second.what)}};
        if (error != refused.end() && !context.json) context.err << "kmonctl: " << error->second.what << '\n';
    }
    if (context.json) context.out << to_text({{"modules", std::move(json)}}) << '\n';
    if (refused.empty()) return ExitCode::ok;
    const auto& first = refused.begin()->second;
    return fail(std::to_string(refused.size()) + " of the enabled modules could not be loaded", first.code, first.hint);
}

} // namespace

void add_load(CLI::App& kmon, Context& context) {
    add_command(kmon, context, "load", "Load the enabled modules; kmonctl apply also sets their parameters",
                [&context] { return load(context); });
}

} // namespace kmon::cli
