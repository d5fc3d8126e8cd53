// SPDX-License-Identifier: GPL-2.0-only
#include "slots.hpp"

#include <ctime>

namespace kmon::history {

namespace {

constexpr Seconds five_minutes = 300;
constexpr Seconds an_hour = 3600;

std::tm local(Seconds time) {
    const auto moment = static_cast<std::time_t>(time);
    std::tm parts{};
    (void)::localtime_r(&moment, &parts);
    return parts;
}

Seconds remainder(Seconds time, Seconds step) {
    const auto rest = time % step;
    return rest < 0 ? rest + step : rest;
}

// Midnight of that day of the month. If the clock is put forward at midnight, the first moment of the day.
Seconds midnight(std::tm parts, int day, int month) {
    parts.tm_mon = month;
    parts.tm_mday = day;
    parts.tm_hour = parts.tm_min = parts.tm_sec = 0;
    parts.tm_isdst = -1;
    return static_cast<Seconds>(std::mktime(&parts));
}

} // namespace

Seconds slot_start(Tier tier, Seconds time, Seconds interval) {
    switch (tier) {
    case Tier::finest: return time - remainder(time, interval);
    case Tier::minutes: return time - remainder(time, five_minutes);
    case Tier::hours: return time - remainder(time + local(time).tm_gmtoff, an_hour);
    case Tier::days: break;
    }
    const auto parts = local(time);
    const auto start = midnight(parts, parts.tm_mday, parts.tm_mon);
    return start <= time ? start : time - remainder(time + parts.tm_gmtoff, 24 * an_hour);
}

Seconds slot_end(Tier tier, Seconds time, Seconds interval) {
    switch (tier) {
    case Tier::finest: return slot_start(tier, time, interval) + interval;
    case Tier::minutes: return slot_start(tier, time, interval) + five_minutes;
    case Tier::hours: return slot_start(tier, time, interval) + an_hour;
    case Tier::days: break;
    }
    const auto parts = local(time);
    const auto end = midnight(parts, parts.tm_mday + 1, parts.tm_mon);
    return end > time ? end : slot_start(tier, time, interval) + 24 * an_hour;
}

Seconds month_start(Seconds time) {
    const auto parts = local(time);
    return midnight(parts, 1, parts.tm_mon);
}

Seconds month_end(Seconds time) {
    const auto parts = local(time);
    return midnight(parts, 1, parts.tm_mon + 1);
}

} // namespace kmon::history
