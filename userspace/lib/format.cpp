// SPDX-License-Identifier: GPL-2.0-only
#include "format.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace kmon {

namespace {

template <class... Values>
std::string print(const char* form, Values... values) {
    std::array<char, 64> text{};
    (void)std::snprintf(text.data(), text.size(), form, values...);
    return text.data();
}

// 1.23, 12.3, 123. The limits are where rounding would add a digit.
std::string three_digits(double value) {
    return print(value < 9.995 ? "%.2f" : value < 99.95 ? "%.1f" : "%.0f", value);
}

struct Scaled {
    double value;
    char unit; // 0: none
};

Scaled scale(std::uint64_t value) {
    auto scaled = static_cast<double>(value);
    const char* unit = " kMGTPE";
    while (scaled >= 999.5 && unit[1]) {
        scaled /= 1000;
        ++unit;
    }
    return {scaled, *unit == ' ' ? '\0' : *unit};
}

// Does a UTF-8 character begin with this byte? Continuation bytes do not.
bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Is this blank inside a value, such as "20 s" or "4m 03s"?
bool is_inside_value(std::string_view text, std::size_t blank) {
    constexpr std::size_t longest_unit = 2;
    const auto after = text.substr(blank + 1);
    const auto unit = after.substr(0, after.find_first_of(" ,;.)"));
    if (blank == 0 || unit.empty()) return false;
    if (is_digit(text[blank - 1])) return unit.size() <= longest_unit && !is_digit(unit.front());
    return blank > 1 && is_digit(text[blank - 2]) && is_digit(unit.front()) &&
           std::string_view("dhm").find(text[blank - 1]) != std::string_view::npos;
}

// How much of the text fits on a line that is too short for all of it.
std::size_t line_end(std::string_view text, std::size_t columns) {
    const auto room = cut(text, columns).size();
    for (auto blank = text.rfind(' ', room); blank != std::string_view::npos && blank > 0;
         blank = text.rfind(' ', blank - 1))
        if (text.find_first_not_of(' ') < blank && !is_inside_value(text, blank)) return blank;
    return room;
}

} // namespace

std::string grouped(std::uint64_t value) {
    std::string text = std::to_string(value);
    for (std::size_t at = text.size(); at > 3;)
        text.insert(at -= 3, 1, ',');
    return text;
}

std::string brief(std::uint64_t value) {
    const auto [scaled, unit] = scale(value);
    return unit ? three_digits(scaled) + unit : std::to_string(value);
}

std::string brief_bytes(std::uint64_t value) {
    const auto [scaled, unit] = scale(value);
    return unit ? three_digits(scaled) + ' ' + unit + 'B' : std::to_string(value) + " B";
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
    if (whole == 0) return "-";
    if (part == whole) return "100 %";
    // Less than the whole must not round up to 100 %.
    return print("%.1f %%", std::min(100.0 * static_cast<double>(part) / static_cast<double>(whole), 99.9));
}

std::string duration(std::uint64_t nanoseconds) {
    const double time = static_cast<double>(nanoseconds) / 1e9;
    if (nanoseconds == 0) return "0 s";
    if (time < 0.9995e-3) return print("%.0f us", time * 1e6);
    if (time < 0.9995) return three_digits(time * 1e3) + " ms";
    if (time < 59.95) return three_digits(time) + " s";

    return seconds(static_cast<std::uint64_t>(std::llround(time)));
}

std::string seconds(std::uint64_t count) {
    const auto whole = static_cast<unsigned long long>(count);
    if (whole < 60) return print("%llu s", whole);
    if (whole < 3600) return print("%llum %02llus", whole / 60, whole % 60);
    if (whole < 86400) return print("%lluh %02llum", whole / 3600, whole / 60 % 60);
    return print("%llud %02lluh", whole / 86400, whole / 3600 % 24);
}

std::string ago(std::uint64_t then, std::uint64_t now) { return then >= now ? "now" : seconds(now - then) + " ago"; }

std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string cut(std::string_view text, std::size_t columns) {
    std::size_t taken = 0;
    while (taken < text.size() && (columns > 0 || !begins_character(text[taken]))) {
        if (begins_character(text[taken])) --columns;
        ++taken;
    }
    return std::string(text.substr(0, taken));
}

std::vector<std::string> wrapped(std::string_view text, std::size_t first, std::size_t columns) {
    std::vector<std::string> lines;
    while (lines.empty() || !text.empty()) {
        const auto room = std::max<std::size_t>(lines.empty() ? first : columns, 1);
        const auto end = width(text) <= room ? text.size() : line_end(text, room);
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(end);
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    }
    return lines;
}

std::string at_right(const std::string& text, std::size_t columns) {
    return std::string(columns - std::min(width(text), columns), ' ') + text;
}

} // namespace kmon
