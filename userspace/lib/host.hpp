// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

#include "root.hpp"

namespace kmon {

struct Host {
    std::string name;
    std::string kernel; // release
};

// Reads them from /proc.
Host read_host(const Root& root);

// The version of a loaded module; empty if it is not loaded.
std::string loaded_version(const Root& root, const std::string& module);

} // namespace kmon
