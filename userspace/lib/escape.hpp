// SPDX-License-Identifier: GPL-2.0-only
// Text that others chose (interface and process names may hold any byte), made safe to show.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kmon {

// As a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. The modules' JSON views do the same.
std::string json_string(std::string_view text);
void append_json_string(std::string& json, std::string_view text);

// For words on a terminal or in a log: printable ASCII stays, any other byte and the backslash become \xHH.
std::string printable(std::string_view text);

// The same of the beginning of what may be long: its first 60 bytes, and "..." where there is more.
std::string excerpt(std::string_view text);

// Length of the UTF-8 character that `text`, which is not empty, begins with; 0 where it begins with none (RFC 3629).
std::size_t utf8_length(std::string_view text);

} // namespace kmon
