// SPDX-License-Identifier: GPL-2.0-only
// Divides time into slots of some seconds, of five minutes, hours and days. Hours and days follow the local clock, so
// that "yesterday" is a sum of whole slots in every time zone.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string>

namespace kmon::history {

// Seconds since 1970, or a duration.
using Seconds = std::int64_t;

enum class Tier : unsigned { finest, minutes, hours, days };

inline constexpr std::array<Tier, 4> tiers = {Tier::finest, Tier::minutes, Tier::hours, Tier::days};

constexpr unsigned index_of(Tier tier) { return static_cast<unsigned>(tier); }

inline constexpr Seconds for_ever = std::numeric_limits<Seconds>::max();

// interval: the length of a slot of the finest tier.
Seconds slot_start(Tier tier, Seconds time, Seconds interval);
// The end of the slot that contains `time`, which is the start of the next.
Seconds slot_end(Tier tier, Seconds time, Seconds interval);

// The start of the local month that contains `time`, or of the next one: for tables by month.
Seconds month_start(Seconds time);
Seconds month_end(Seconds time);

} // namespace kmon::history
