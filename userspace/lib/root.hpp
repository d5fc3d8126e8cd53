// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <filesystem>

namespace kmon {

// Where the system's directories are. Tests point it at captured trees.
struct Root {
    std::filesystem::path proc = "/proc";
    std::filesystem::path sys = "/sys";
    std::filesystem::path etc = "/etc";
    std::filesystem::path lib_modules = "/lib/modules";
    std::filesystem::path run = "/run";
    std::filesystem::path var_lib = "/var/lib";
    std::filesystem::path usr_share = "/usr/share";
};

} // namespace kmon
