// SPDX-License-Identifier: GPL-2.0-only
// Control groups by name: the trace event of an exit has only their numbers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "file_descriptor.hpp"
#include "root.hpp"

namespace kmon {

class Cgroups {
public:
    explicit Cgroups(const Root& root);

    // "/system.slice/cron.service", or "/" for the topmost; empty where it is gone, and was not asked for while it was
    // there. Only root can ask for one by its number.
    const std::string& path(std::uint64_t id);

private:
    std::string look_up(std::uint64_t id) const;

    std::filesystem::path mount_; // of cgroup2
    FileDescriptor directory_;
    std::map<std::uint64_t, std::string> known_;
};

// Is that group `group` itself, or one below it? A / at the end of `group` makes no difference.
bool is_within(const std::string& path, const std::string& group);

} // namespace kmon
