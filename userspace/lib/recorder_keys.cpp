// SPDX-License-Identifier: GPL-2.0-only
#include "recorder_keys.hpp"

#include <utility>

namespace kmon {

namespace {

constexpr std::uint32_t a_minute = 60;
constexpr std::uint32_t a_day = 86400;
constexpr std::uint32_t a_year = 365 * a_day;

ConfigKey span(std::string name, std::uint32_t from, std::uint32_t to, std::uint32_t standard, std::string allowed) {
    return {std::move(name), ConfigKey::Kind::duration, standard, std::move(allowed), from, to};
}

ConfigKey keep(std::string name, std::uint32_t standard) {
    return span(std::move(name), 0, 100 * a_year, standard, R"("12h", "30d", "2y" ..., or 0: for ever)");
}

} // namespace

std::vector<ConfigKey> recorder_keys() {
    return {
        // Only intervals that divide five minutes.
        choice("interval", {"10s", "1s", "2s", "5s", "15s", "20s", "30s", "1m", "5m"}),
        span("write_interval", 1, 3600, a_minute, R"("10s", "1m", "10m" ... up to "1h")"),
        keep("keep_finest", a_day),
        keep("keep_minutes", 30 * a_day),
        keep("keep_hours", 2 * a_year),
        keep("keep_days", 0),
        size("max_size", 1024, 64 * 1024),
        choice("storage", {"disk", "memory"}),
        span("save_interval", 0, 30 * a_day, 0, R"("1h", "12h", "1d" ... up to "30d", or 0: at the end only)"),
    };
}

} // namespace kmon
