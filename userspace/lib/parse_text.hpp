// SPDX-License-Identifier: GPL-2.0-only
// Helpers to parse a text from its front.
#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>

namespace kmon {

// -1: not a digit. Only lower case, as the kernel writes it.
constexpr int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

// Takes `word` off the text; false if the text does not begin with it.
inline bool take(std::string_view& text, std::string_view word) {
    if (!text.starts_with(word)) return false;
    text.remove_prefix(word.size());
    return true;
}

// Takes a number off the text.
template <class Number>
bool take_number(std::string_view& text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

// The text as a number, if it is nothing else.
template <class Number>
std::optional<Number> parse_all(std::string_view text) {
    Number number{};
    if (!take_number(text, number) || !text.empty()) return std::nullopt;
    return number;
}

inline std::string_view trimmed(std::string_view text, std::string_view blanks = " \t\r\n\v\f") {
    const auto begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

} // namespace kmon
