// SPDX-License-Identifier: GPL-2.0-only
// Numbers and times for people. They are never wider than documented here, so that columns can be planned.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kmon {

// 1,234,567
std::string grouped(std::uint64_t value);

// 0, 999, 1.23k, 12.3k, 123k, 1.23M ... 18.4E. At most 5 characters.
std::string brief(std::uint64_t value);

// 999 B, 1.23 kB, 12.3 MB ... 18.4 EB. At most 7 characters.
std::string brief_bytes(std::uint64_t value);

// 0.0 %, 41.2 %, 100 %; "-" if whole is 0. At most 6 characters.
std::string percent(std::uint64_t part, std::uint64_t whole);

// 950 us, 1.23 ms, 12.3 s, 4m 03s, 2h 05m, 3d 04h. At most 7 characters up to 99 days.
std::string duration(std::uint64_t nanoseconds);

// The same for whole seconds: 0 s, 20 s, 4m 03s.
std::string seconds(std::uint64_t count);

// "12 s ago", or "now"; both in seconds since 1970.
std::string ago(std::uint64_t then, std::uint64_t now);

// The columns that a text takes on a terminal. Our text has no wide characters; untrusted text goes through
// printable().
std::size_t width(std::string_view text);

// The longest beginning of a text that fits into `columns`.
std::string cut(std::string_view text, std::size_t columns);

// Breaks the text into lines of at most `columns` (`first` for the first line), at blanks if possible, but not inside
// "20 s" or "4m 03s".
std::vector<std::string> wrapped(std::string_view text, std::size_t first, std::size_t columns);

// Right-aligned in `columns`.
std::string at_right(const std::string& text, std::size_t columns);

} // namespace kmon
