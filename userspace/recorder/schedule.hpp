// SPDX-License-Identifier: GPL-2.0-only
// When the recorder does what. Readings come at full multiples of their interval by the clock of the day, so that slots
// begin where people expect it.
#pragma once

#include <cstdint>

namespace kmon::recorder {

// Milliseconds from `time` (since 1970) to the next reading: from 1 up to the interval.
constexpr std::int64_t until_next(std::int64_t time, std::int64_t interval) {
    const auto past = time % interval;
    return interval - (past < 0 ? past + interval : past);
}

// Is it time for what is to be done each `period` milliseconds, and was done last at `last`, by a clock that only goes
// on? A little before counts, as readings are not quite even.
constexpr bool is_due(std::int64_t now, std::int64_t last, std::int64_t period, std::int64_t interval) {
    return period > 0 && now - last >= period - interval / 2;
}

} // namespace kmon::recorder
