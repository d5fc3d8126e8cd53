// SPDX-License-Identifier: GPL-2.0-only
#include "module_look.hpp"

#include "modules/module_table.hpp"
#include "requests.hpp"

namespace kmon::control {

namespace {

std::string settings(const Root& root, const std::string& name) {
    const auto* module = find_module(name);
    if (!module) return "";
    const auto view = module->read_top ? module->read_top(root, 0) : module->read(root);
    return view ? (*view)->settings() : view.error().what;
}

} // namespace

ModulesLook look_at_modules(const Root& root, const Config& config, const std::function<Result<Network>()>& network,
                            std::chrono::milliseconds patience) {
    ModulesLook look;
    auto answer = ask(root, Request::state, patience);
    if (!answer && answer.error().code != ExitCode::not_running) look.silent = answer.error();
    look.report = answer ? std::move(*answer) : observe(root, config, network());
    for (const auto& module : look.report.modules) {
        const auto state = module_state(root, module.name);
        look.modules.push_back({module, state, state.loaded ? settings(root, module.name) : ""});
    }
    return look;
}

Json to_json(const ModuleLook& module) {
    const auto& state = module.state;
    const auto& report = module.report;
    Json json = to_json(report);
    if (state.loaded) {
        json["version"] = state.loaded_version;
        json["settings"] = module.settings;
        json["reload_needed"] = state.reload_needed();
    } else if (report.problem) {
        json["reason"] = report.problem->what;
        json["cure"] = report.problem->hint;
    }
    json["file"] = state.file.string();
    json["file_version"] = state.file_version;
    json["signer"] = state.signer;
    return json;
}

} // namespace kmon::control
