// SPDX-License-Identifier: GPL-2.0-only
// Numbers on a command line. CLI11's own parsing accepts nan and inf, which no range refuses, and "-1" for a count.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kmon {

// "10", "0.5", "1e3"; no sign, no blank, not nan or inf.
std::optional<double> parse_decimal(std::string_view text);

// Only digits.
std::optional<std::uint64_t> parse_count(std::string_view text);

// For CLI11: says what is wrong with an option's value, or nothing if it is valid. A valid value is normalised so that
// CLI11's own conversion reads it correctly.
//     option->transform(CLI::Validator(kmon::DecimalBetween{0.1, 3600}, ""));
struct DecimalBetween {
    double least;
    double most;
    std::string operator()(std::string& text) const;
};

//     option->transform(CLI::Validator(kmon::CountFrom{1}, ""));
struct CountFrom {
    std::uint64_t least;
    std::string operator()(std::string& text) const;
};

} // namespace kmon
