// SPDX-License-Identifier: GPL-2.0-only
// Finds the paths of cgroups: the trace event of an exit has only their numbers.
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

    // "/system.slice/cron.service", or "/" for the root cgroup; empty if it was removed before it was first looked up.
    // Only root can look up a cgroup by number.
    const std::string& path(std::uint64_t id);

private:
    std::string look_up(std::uint64_t id) const;

    std::filesystem::path mount_; // of cgroup2
    FileDescriptor directory_;
    std::map<std::uint64_t, std::string> known_;
};

// Is path the cgroup `group` or one below it? A trailing / in `group` makes no difference.
bool is_within(const std::string& path, const std::string& group);

} // namespace kmon
