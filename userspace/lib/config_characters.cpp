// SPDX-License-Identifier: GPL-2.0-only
#include "config_characters.hpp"

#include <algorithm>

namespace kmon {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

std::size_t quotes_at(std::string_view text, std::size_t at) {
    const auto end = text.find_first_not_of(text[at], at);
    return std::min(end, text.size()) - at;
}

// Behind a string on one line, which ends at its quote or, being wrong, with the line.
std::size_t after_string(std::string_view text, std::size_t at) {
    const char quote = text[at];
    for (++at; at < text.size() && text[at] != '\n'; ++at) {
        if (text[at] == quote) return at + 1;
        if (text[at] == '\\' && quote == '"') ++at;
    }
    return at;
}

// Behind a string in three quotes. Up to two more may stand before the closing ones, as part of it.
std::size_t after_long_string(std::string_view text, std::size_t at) {
    constexpr std::size_t closing = 3;
    const char quote = text[at];
    for (at += closing; at < text.size();) {
        if (text[at] == '\\' && quote == '"') {
            at += 2;
        } else if (text[at] == quote) {
            const auto quotes = quotes_at(text, at);
            if (quotes >= closing) return at + std::min<std::size_t>(quotes, closing + 2);
            at += quotes;
        } else {
            ++at;
        }
    }
    return at;
}

std::size_t after_quoted(std::string_view text, std::size_t at) {
    const auto end = quotes_at(text, at) >= 3 ? after_long_string(text, at) : after_string(text, at);
    return std::min(end, text.size());
}

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

// The first that is not ASCII of those from `at` on and before `end`.
std::optional<std::size_t> find_in(std::string_view text, std::size_t at, std::size_t end) {
    while (at < end && is_ascii(text[at]))
        ++at;
    return at < end ? std::optional(at) : std::nullopt;
}

} // namespace

std::optional<std::size_t> stray_character(std::string_view text) {
    std::size_t at = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
    while (at < text.size()) {
        // Strings matter because a # in one begins no comment.
        const auto next = std::min(text.find_first_of("\"'#", at), text.size());
        const bool quoted = next < text.size() && text[next] != '#';
        const auto end = quoted ? after_quoted(text, next) : next;
        if (const auto stray = find_in(text, at, end)) return stray;
        at = quoted ? end : std::min(text.find('\n', next), text.size());
    }
    return std::nullopt;
}

} // namespace kmon
