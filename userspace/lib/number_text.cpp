// SPDX-License-Identifier: GPL-2.0-only
#include "number_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>

#include "escape.hpp"

namespace kmon {
namespace {

template <class Number>
std::optional<Number> parse_all(std::string_view text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

template <class... Words>
std::string joined(const Words&... words) {
    std::ostringstream text;
    (text << ... << words);
    return text.str();
}

} // namespace

std::optional<double> parse_decimal(std::string_view text) {
    if (text.starts_with('-')) return std::nullopt;
    const auto number = parse_all<double>(text);
    return number && std::isfinite(*number) ? number : std::nullopt;
}

std::optional<std::uint64_t> parse_count(std::string_view text) { return parse_all<std::uint64_t>(text); }

std::string DecimalBetween::operator()(std::string& text) const {
    const auto number = parse_decimal(text);
    if (number && *number >= least && *number <= most) return {};
    return joined("\"", printable(text), "\" is not a number from ", least, " to ", most);
}

std::string CountFrom::operator()(std::string& text) const {
    const auto number = parse_count(text);
    if (!number || *number < least)
        return joined("\"", printable(text), "\" is not a whole number of at least ", least);
    text = std::to_string(*number); // without leading zeros, which would make it octal
    return {};
}

} // namespace kmon
