// SPDX-License-Identifier: GPL-2.0-only
// The exits that kmond wrote to the journal.
#pragma once

#include <cstdint>
#include <ctime>
#include <functional>

#include "exit_record.hpp"
#include "result.hpp"

namespace kmon::cli {

using VisitExit = std::function<bool(const ExitRecord& record)>; // false: stop

// Calls visit for each exit, oldest first. Returns how many exits kmond left out of the journal in that time.
Result<std::uint64_t> read_past_exits(std::time_t since, const VisitExit& visit);

} // namespace kmon::cli
