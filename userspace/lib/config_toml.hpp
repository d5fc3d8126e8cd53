// SPDX-License-Identifier: GPL-2.0-only
// One file of the configuration. Apart from config.cpp because it takes toml++ long to compile, and for the fuzz
// target.
#pragma once

#include <string_view>

#include "config.hpp"

namespace kmon {

// What the file may hold at most. The line's length bounds how deep dotted keys can nest.
inline constexpr std::size_t config_file_limit = std::size_t{1} << 20U;
inline constexpr std::size_t config_line_limit = 4096;

// Takes what `text` sets into reading.config, and what is wrong with it into reading.problems.
void read_config_text(std::string_view text, const std::filesystem::path& file, ConfigReading& reading);

} // namespace kmon
