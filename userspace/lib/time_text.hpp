// SPDX-License-Identifier: GPL-2.0-only
// Times as people write them, on a command line or in a URL.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace kmon {

// "2027-01-15", "2027-01-15 09:30", "2027-01-15T09:30:10", "09:30" (today), "today", "yesterday", "now", "2h" (ago),
// "@1800000000"; in local time.
std::optional<std::time_t> parse_time(const std::string& text, std::time_t now);

// What parse_time() accepts, for messages.
inline constexpr const char* times_to_write =
    "09:30, 2027-01-15, \"2027-01-15 09:30\", today, yesterday, 2h (ago), @SECONDS";

// "90s", "15m", "24h", "7d", "2w", "1y": in seconds, more than 0.
std::optional<std::int64_t> parse_span(std::string_view text);

} // namespace kmon
