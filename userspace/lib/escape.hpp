// SPDX-License-Identifier: GPL-2.0-only
// Makes untrusted text safe to show: interface and process names may contain any byte.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kmon {

// As a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. The modules' JSON views do the same.
std::string json_string(std::string_view text);
void append_json_string(std::string& json, std::string_view text);

// For a terminal or a log: printable ASCII stays, backslashes and all other bytes become \xHH.
std::string printable(std::string_view text);

// The same for text that may be long: its first 60 bytes, and "..." if there is more.
std::string excerpt(std::string_view text);

// The length of the UTF-8 character at the start of `text`, which is not empty; 0 if it is invalid (RFC 3629).
std::size_t utf8_length(std::string_view text);

} // namespace kmon
