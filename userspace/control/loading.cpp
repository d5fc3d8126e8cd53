// SPDX-License-Identifier: GPL-2.0-only
#include "loading.hpp"

#include "joined.hpp"
#include "kernel_module.hpp"
#include "load_errors.hpp"
#include "modules/module_table.hpp"
#include "sysfs.hpp"

namespace kmon::control {
namespace {

// In modprobe's format: "view_mode=0440 view_gid=4".
std::string options_of(const std::vector<Setting>& settings) {
    return joined(settings, " ", [](const Setting& setting) { return setting.parameter + "=" + setting.value; });
}

} // namespace

Refused load_modules(const Root& root, const Config& config, const std::function<void(const std::string&)>& say) {
    Refused refused;
    LoadErrors errors;
    for (const auto& module : module_names()) {
        if (!config.enabled(module) || module_instance(root, module)) continue;
        say("loading " + module);
        const auto loaded = load_module(root, module, options_of(load_settings_of(config, module)));
        if (loaded) continue;
        refused.emplace(module, loaded.error());
        if (loaded.error().system != 0) errors[module] = loaded.error().system;
    }
    write_load_errors(root, errors);
    return refused;
}

void forget_refusal(const Root& root, const std::string& module) {
    auto errors = read_load_errors(root);
    if (errors.erase(module) != 0) write_load_errors(root, errors);
}

} // namespace kmon::control
