// SPDX-License-Identifier: GPL-2.0-only
// All modules.
#pragma once

#include <string>
#include <vector>

#include "modules/module.hpp"

namespace kmon {

const std::vector<Module>& modules();

// nullptr: no module has that name.
const Module* find_module(const std::string& name);

std::vector<std::string> module_names();

// Every key of its section, including those that all modules have.
std::vector<ConfigKey> keys_of(const Module& module);

// The parameters that the configuration sets, in the order in which they must be written. Without the one that
// `watches` names, which depends on the existing interfaces.
std::vector<Setting> settings_of(const Config& config, const std::string& module);

// Is the setting the default of the configuration?
bool is_default(const Setting& setting);

// The parameters that can be set only at load: who may read the module's files.
std::vector<Setting> load_settings_of(const Config& config, const std::string& module);

} // namespace kmon
