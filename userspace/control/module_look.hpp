// SPDX-License-Identifier: GPL-2.0-only
// What `kmonctl status`, `kmonctl doctor` and the exporter know about the modules: kmond's answer, and what the files
// say.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config.hpp"
#include "json.hpp"
#include "kernel_module.hpp"
#include "network.hpp"
#include "report.hpp"

namespace kmon::control {

struct ModuleLook {
    ModuleReport report;
    ModuleState state;
    std::string settings; // "on eth0; text view resets every 20 s"; empty if it is not loaded
};

struct ModulesLook {
    Report report;
    std::vector<ModuleLook> modules;
    std::optional<Error> silent; // kmond is running but does not answer
};

// network: used if kmond is not running. patience: see ask().
ModulesLook look_at_modules(const Root& root, const Config& config, const std::function<Result<Network>()>& network,
                            std::chrono::milliseconds patience = {});

Json to_json(const ModuleLook& module);

} // namespace kmon::control
