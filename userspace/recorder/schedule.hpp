// SPDX-License-Identifier: GPL-2.0-only
// The recorder's schedule. Readings are taken at full multiples of the interval by the wall clock, so that slots begin
// where people expect it.
#pragma once

#include <cstdint>

namespace kmon::recorder {

// Milliseconds from `time` (since 1970) to the next reading: from 1 up to the interval.
constexpr std::int64_t until_next(std::int64_t time, std::int64_t interval) {
    const auto past = time % interval;
    return interval - (past < 0 ? past + interval : past);
}

// Is it time for something that is done every `period` milliseconds and was last done at `last`, by a monotonic clock?
// A little earlier is fine, because readings are not perfectly regular.
constexpr bool is_due(std::int64_t now, std::int64_t last, std::int64_t period, std::int64_t interval) {
    return period > 0 && now - last >= period - interval / 2;
}

} // namespace kmon::recorder
