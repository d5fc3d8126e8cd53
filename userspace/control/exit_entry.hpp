// SPDX-License-Identifier: GPL-2.0-only
// Converts a process exit to a journal entry and back: kmond writes it, `kmonctl exits --since` reads it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "exit_record.hpp"
#include "journal.hpp"

namespace kmon::control {

// to_wall: nanoseconds to add to CLOCK_MONOTONIC to get the time of day.
Entry entry_of(const ExitRecord& record, std::int64_t to_wall);

// field returns the value of a field of the entry, or an empty string. The record's times are wall-clock times. Returns
// nothing if the entry is not a process exit.
std::optional<ExitRecord> exit_in(const std::function<std::string(const char* field)>& field);

} // namespace kmon::control
