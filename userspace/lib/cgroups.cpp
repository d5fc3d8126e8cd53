// SPDX-License-Identifier: GPL-2.0-only
#include "cgroups.hpp"

#include <fcntl.h>

#include <array>
#include <cstring>

#include "file.hpp"

namespace kmon {

namespace {

constexpr int fileid_kernfs = 0xfe; // FILEID_KERNFS of <linux/exportfs.h>: the handle is the inode number

// A limit, so that many short-lived containers do not fill our memory.
constexpr std::size_t most_known = 10'000;

// If cgroup version 1 is also mounted, version 2 is in the subdirectory unified.
std::filesystem::path mount_of_cgroup2(const Root& root) {
    const auto mount = root.sys / "fs/cgroup";
    return is_there(mount / "unified") ? mount / "unified" : mount;
}

} // namespace

Cgroups::Cgroups(const Root& root)
    : mount_(mount_of_cgroup2(root)), directory_(::open(mount_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}

const std::string& Cgroups::path(std::uint64_t id) {
    if (known_.size() >= most_known) known_.clear();
    const auto [known, is_new] = known_.try_emplace(id);
    if (is_new || known->second.empty()) known->second = look_up(id);
    return known->second;
}

std::string Cgroups::look_up(std::uint64_t id) const {
    std::array<char, sizeof(file_handle) + sizeof id> bytes{};
    file_handle head{};
    head.handle_bytes = sizeof id;
    head.handle_type = fileid_kernfs;
    std::memcpy(bytes.data(), &head, sizeof head);
    std::memcpy(bytes.data() + sizeof head, &id, sizeof id);
    const FileDescriptor group(
        ::open_by_handle_at(directory_.get(), reinterpret_cast<file_handle*>(bytes.data()), O_PATH | O_CLOEXEC));
    if (!group) return {};
    std::error_code error;
    const auto found = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(group.get()), error).string();
    if (error || !found.starts_with(mount_.string())) return {};
    const auto below = found.substr(mount_.string().size());
    return below.empty() ? "/" : below;
}

bool is_within(const std::string& path, const std::string& group) {
    auto above = group;
    while (!above.empty() && above.back() == '/')
        above.pop_back();
    return path.starts_with(above) && (path.size() == above.size() || path[above.size()] == '/');
}

} // namespace kmon
