// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

#include "root.hpp"

namespace kmon {

struct Host {
    std::string name;
    std::string kernel; // release
};

// As /proc says.
Host read_host(const Root& root);

// The version of a loaded module; empty where it is not loaded.
std::string loaded_version(const Root& root, const std::string& module);

} // namespace kmon
