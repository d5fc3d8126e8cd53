// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace kmon {

// Where in a TOML text the first byte stands that is not ASCII and not in a comment. toml++ 3.3 has undefined behaviour
// at many of them ("a = 1é", "a = 1'é"), so they are all refused; a string can have them as \u00e9.
std::optional<std::size_t> stray_character(std::string_view text);

} // namespace kmon
