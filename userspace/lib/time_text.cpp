// SPDX-License-Identifier: GPL-2.0-only
#include "time_text.hpp"

#include <array>

#include "config_values.hpp"
#include "number_text.hpp"

namespace kmon {

namespace {

std::tm local(std::time_t time) {
    std::tm parts{};
    (void)::localtime_r(&time, &parts);
    return parts;
}

std::time_t midnight(std::time_t time, int days_later) {
    auto parts = local(time);
    parts.tm_hour = parts.tm_min = parts.tm_sec = 0;
    parts.tm_mday += days_later;
    parts.tm_isdst = -1;
    return std::mktime(&parts);
}

} // namespace

std::optional<std::int64_t> parse_span(std::string_view text) {
    constexpr std::uint64_t longest = std::uint64_t{1000} * 365 * 86400;
    if (text.ends_with('w')) {
        const auto weeks = parse_count(text.substr(0, text.size() - 1));
        if (!weeks || *weeks == 0 || *weeks > longest / 604800) return std::nullopt;
        return static_cast<std::int64_t>(*weeks * 604800);
    }
    const auto seconds = parse_duration(text);
    if (!seconds || *seconds == 0 || *seconds > longest) return std::nullopt;
    return static_cast<std::int64_t>(*seconds);
}

std::optional<std::time_t> parse_time(const std::string& text, std::time_t now) {
    if (text == "now") return now;
    if (text == "today") return midnight(now, 0);
    if (text == "yesterday") return midnight(now, -1);
    if (text.starts_with('@')) {
        const auto seconds = parse_count(std::string_view(text).substr(1));
        constexpr std::uint64_t latest = std::uint64_t{1} << 40U;
        if (!seconds || *seconds > latest) return std::nullopt;
        return static_cast<std::time_t>(*seconds);
    }
    constexpr std::array forms = {"%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M",
                                  "%Y-%m-%d",          "%H:%M:%S",          "%H:%M"};
    for (const auto* form : forms) {
        auto parts = local(now);
        parts.tm_hour = parts.tm_min = parts.tm_sec = 0;
        const char* end = ::strptime(text.c_str(), form, &parts);
        if (end == nullptr || *end != '\0') continue;
        parts.tm_isdst = -1;
        const auto day = parts.tm_mday;
        const auto time = std::mktime(&parts);
        if (parts.tm_mday != day) return std::nullopt; // there is no 31 February
        return time;
    }
    if (const auto ago = parse_span(text)) return now - static_cast<std::time_t>(*ago);
    return std::nullopt;
}

} // namespace kmon
