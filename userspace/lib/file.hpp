// SPDX-License-Identifier: GPL-2.0-only
// Small files, whole.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "result.hpp"

namespace kmon {

// What `doing` met: "cannot read /etc/kmon.toml: Permission denied", with the exit code and the errno that go with it.
Error system_error(const std::string& doing, int error);

bool is_there(const std::filesystem::path& path);

// The content of a regular file (or one of proc or sysfs). A longer one is refused, and so are pipes and devices, which
// could keep us waiting.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit = 4096);

// The first line, without its newline; empty where there is no such file or it cannot be read.
std::string first_line_of(const std::filesystem::path& path);

// One write(2), as the files of sysfs want it.
Result<void> write_file(const std::filesystem::path& path, std::string_view content);

// All of it or nothing: whoever reads meanwhile sees the old content or the new. Any file of that name is replaced.
Result<void> replace_file(const std::filesystem::path& path, std::string_view content, mode_t mode);

} // namespace kmon
