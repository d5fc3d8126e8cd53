// SPDX-License-Identifier: GPL-2.0-only
// What `kmonctl status` says of each module, of the service and of the configuration; `kmonctl doctor` asks the same.
#pragma once

#include <string>
#include <vector>

#include "config.hpp"
#include "context.hpp"
#include "modules.hpp"

namespace kmon::cli {

struct ModuleReport {
    ModuleState state;
    bool wanted = true;   // by the configuration
    std::string settings; // "on eth0; text view reset every 20 s"; empty where it is not loaded
    Error missing;        // why it is not loaded, and the cure
};

std::vector<ModuleReport> report_modules(const Context& context, const Config& config);

} // namespace kmon::cli
