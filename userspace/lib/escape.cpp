// SPDX-License-Identifier: GPL-2.0-only
#include "escape.hpp"

#include <algorithm>
#include <cstddef>

namespace kmon {
namespace {

constexpr std::string_view hex = "0123456789abcdef";

unsigned char byte_at(std::string_view text, std::size_t i) { return static_cast<unsigned char>(text[i]); }

// The length of a UTF-8 character that begins with this byte; 0: none can.
std::size_t length_by_first_byte(unsigned char first) {
    if (first < 0x80) return 1;
    if (first < 0xc2) return 0;
    if (first < 0xe0) return 2;
    if (first < 0xf0) return 3;
    return first < 0xf5 ? 4 : 0;
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80; }

} // namespace

std::size_t utf8_length(std::string_view text) {
    const unsigned char first = byte_at(text, 0);
    const std::size_t length = length_by_first_byte(first);
    if (length > text.size()) return 0;
    if (length < 2) return length;
    if (!std::ranges::all_of(text.substr(1, length - 1), is_continuation)) return 0;
    const unsigned char second = byte_at(text, 1);
    const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    const bool surrogate = first == 0xed && second > 0x9f;
    const bool past_the_last = first == 0xf4 && second > 0x8f;
    return overlong || surrogate || past_the_last ? 0 : length;
}

std::string json_string(std::string_view text) {
    std::string json;
    append_json_string(json, text);
    return json;
}

void append_json_string(std::string& json, std::string_view text) {
    json += '"';
    while (!text.empty()) {
        // Nearly every name is plain.
        const auto is_plain = [](unsigned char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; };
        const auto plain = static_cast<std::size_t>(std::ranges::find_if_not(text, is_plain) - text.begin());
        json += text.substr(0, plain);
        text.remove_prefix(plain);
        if (text.empty()) break;
        const unsigned char c = byte_at(text, 0);
        const std::size_t length = utf8_length(text);
        if (length == 0) {
            json += "\\ufffd";
        } else if (c < ' ' || c == 0x7f) {
            json += {'\\', 'u', '0', '0', hex[c >> 4U], hex[c & 0xfU]};
        } else {
            if (c == '"' || c == '\\') json += '\\';
            json += text.substr(0, length);
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    json += '"';
}

std::string printable(std::string_view text) {
    std::string shown;
    for (const char raw : text) {
        const auto c = static_cast<unsigned char>(raw);
        if (c >= ' ' && c < 0x7f && c != '\\')
            shown += raw;
        else
            shown += {'\\', 'x', hex[c >> 4U], hex[c & 0xfU]};
    }
    return shown;
}

std::string excerpt(std::string_view text) {
    constexpr std::size_t enough = 60;
    return printable(text.substr(0, enough)) + (text.size() > enough ? "..." : "");
}

} // namespace kmon
