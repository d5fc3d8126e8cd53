// SPDX-License-Identifier: GPL-2.0-only
// Reads and writes small files as a whole.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "result.hpp"

namespace kmon {

// The error of a failed `doing`: "cannot read /etc/kmon.toml: Permission denied", with the matching exit code and the
// errno.
Error system_error(const std::string& doing, int error);

bool is_there(const std::filesystem::path& path);

// The content of a regular file (or one in /proc or /sys). Longer files are refused, and so are pipes and devices,
// which could block.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit = 4096);

// The first line, without its newline; empty if the file does not exist or cannot be read.
std::string first_line_of(const std::filesystem::path& path);

// Writes with a single write(2), as sysfs requires.
Result<void> write_file(const std::filesystem::path& path, std::string_view content);

// Replaces a file atomically: readers see the old content or the new.
Result<void> replace_file(const std::filesystem::path& path, std::string_view content, mode_t mode);

} // namespace kmon
