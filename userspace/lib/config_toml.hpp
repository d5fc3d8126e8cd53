// SPDX-License-Identifier: GPL-2.0-only
// Parses one configuration file. Separate from config.cpp because toml++ takes long to compile, and for the fuzz
// target.
#pragma once

#include <string_view>

#include "config.hpp"

namespace kmon {

// The maximum sizes. The line's length limits how deep dotted keys can nest.
inline constexpr std::size_t config_file_limit = std::size_t{1} << 20U;
inline constexpr std::size_t config_line_limit = 4096;

// Puts the settings in `text` into reading.config, and its problems into reading.problems.
void read_config_text(std::string_view text, const std::filesystem::path& file, ConfigReading& reading);

} // namespace kmon
