// SPDX-License-Identifier: GPL-2.0-only
// All modules.
#pragma once

#include <string>
#include <vector>

#include "modules/module.hpp"

namespace kmon {

const std::vector<Module>& modules();

// nullptr: there is none of that name.
const Module* find_module(const std::string& name);

std::vector<std::string> module_names();

// Every key of its section, those that all modules have among them.
std::vector<ConfigKey> keys_of(const Module& module);

// What the configuration asks of a module, in the order in which it is to be written. Without what `watches` names,
// which depends on what interfaces there are.
std::vector<Setting> settings_of(const Config& config, const std::string& module);

// Is that what it is set to where the configuration says nothing?
bool is_default(const Setting& setting);

// What can be set at load only: who may read its files.
std::vector<Setting> load_settings_of(const Config& config, const std::string& module);

} // namespace kmon
