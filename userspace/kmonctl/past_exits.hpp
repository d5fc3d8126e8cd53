// SPDX-License-Identifier: GPL-2.0-only
// The exits that kmond wrote to the journal.
#pragma once

#include <cstdint>
#include <ctime>
#include <functional>
#include <optional>
#include <string>

#include "exit_record.hpp"
#include "result.hpp"

namespace kmon::cli {

// Seconds since 1970 of "10m" ago, "15:04", "2026-11-29", "2026-11-29 15:04:05" or "@1795000000"; nothing where it is
// none of these.
std::optional<std::time_t> parse_since(const std::string& text, std::time_t now);

using VisitExit = std::function<bool(const ExitRecord& record)>; // false: that is enough

// Calls visit for each, the oldest first. Returns how many exits kmond left out of the journal in that time.
Result<std::uint64_t> read_past_exits(std::time_t since, const VisitExit& visit);

} // namespace kmon::cli
