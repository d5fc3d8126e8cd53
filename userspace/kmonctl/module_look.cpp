// SPDX-License-Identifier: GPL-2.0-only
#include "module_look.hpp"

#include "control/requests.hpp"
#include "modules/module_table.hpp"

namespace kmon::cli {

namespace {

std::string settings(const Root& root, const std::string& name) {
    const auto* module = find_module(name);
    if (!module) return "";
    const auto view = module->read(root);
    return view ? (*view)->settings() : view.error().what;
}

} // namespace

ModulesLook look_at_modules(const Context& context, const Config& config) {
    ModulesLook look;
    auto answer = control::ask(context.root, control::Request::state);
    if (!answer && answer.error().code != ExitCode::not_running) look.silent = answer.error();
    look.report = answer ? std::move(*answer) : control::observe(context.root, config, context.network());
    for (const auto& module : look.report.modules) {
        const auto state = module_state(context.root, module.name);
        look.modules.push_back({module, state, state.loaded ? settings(context.root, module.name) : ""});
    }
    return look;
}

} // namespace kmon::cli
