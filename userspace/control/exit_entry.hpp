// SPDX-License-Identifier: GPL-2.0-only
// The end of a process as an entry of the journal, and back: kmond writes it, `kmonctl exits --since` reads it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "exit_record.hpp"
#include "journal.hpp"

namespace kmon::control {

// to_wall: what to add to CLOCK_MONOTONIC for the time of day, in nanoseconds.
Entry entry_of(const ExitRecord& record, std::int64_t to_wall);

// field gives the value of a field of the entry; empty where there is none. The record's times are those of the day.
// Nothing where the entry is none of those.
std::optional<ExitRecord> exit_in(const std::function<std::string(const char* field)>& field);

} // namespace kmon::control
