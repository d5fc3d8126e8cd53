// SPDX-License-Identifier: GPL-2.0-only
#include "number_text.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "escape.hpp"
#include "parse_text.hpp"

namespace kmon {
namespace {

// The shortest form: 0.1, not 0.100000.
std::string shortest(double number) {
    std::ostringstream text;
    text << number;
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
    return "\"" + printable(text) + "\" is not a number from " + shortest(least) + " to " + shortest(most);
}

std::string CountFrom::operator()(std::string& text) const {
    const auto number = parse_count(text);
    if (!number || *number < least)
        return "\"" + printable(text) + "\" is not a whole number of at least " + std::to_string(least);
    text = std::to_string(*number); // without leading zeros: CLI11 would read it as octal
    return {};
}

} // namespace kmon
