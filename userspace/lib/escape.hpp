// SPDX-License-Identifier: GPL-2.0-only
// Text that others chose (interface and process names may hold any byte), made safe to show.
#pragma once

#include <string>
#include <string_view>

namespace kmon {

// As a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. The modules' JSON views do the same.
std::string json_string(std::string_view text);

// For words on a terminal or in a log: printable ASCII stays, any other byte and the backslash become \xHH.
std::string printable(std::string_view text);

} // namespace kmon
