// SPDX-License-Identifier: GPL-2.0-only
// What `kmonctl status` and `kmonctl doctor` know of the modules: kmond's answer, and what the files say.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config.hpp"
#include "context.hpp"
#include "control/report.hpp"
#include "kernel_module.hpp"

namespace kmon::cli {

struct ModuleLook {
    control::ModuleReport report;
    ModuleState state;
    std::string settings; // "on eth0; text view resets every 20 s"; empty where it is not loaded
};

struct ModulesLook {
    control::Report report;
    std::vector<ModuleLook> modules;
    std::optional<Error> silent; // kmond runs, and does not answer
};

ModulesLook look_at_modules(const Context& context, const Config& config);

} // namespace kmon::cli
