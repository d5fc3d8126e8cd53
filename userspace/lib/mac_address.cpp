// SPDX-License-Identifier: GPL-2.0-only
#include "mac_address.hpp"

#include <algorithm>
#include <charconv>

namespace kmon {

std::string to_string(const MacAddress& mac) {
    static const char hex[] = "0123456789abcdef";
    std::string text;
    for (const auto byte : mac) {
        if (!text.empty()) text += ':';
        text += hex[byte >> 4U];
        text += hex[byte & 0xfU];
    }
    return text;
}

std::optional<MacAddress> parse_any_mac(std::string_view text) {
    MacAddress mac{};
    for (std::size_t i = 0; i < mac.size(); ++i) {
        if (i > 0) {
            if (text.empty() || (text.front() != ':' && text.front() != '-')) return std::nullopt;
            text.remove_prefix(1);
        }
        const auto* const begin = text.data();
        const auto [end, error] = std::from_chars(begin, begin + std::min<std::size_t>(text.size(), 2), mac[i], 16);
        if (error != std::errc()) return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - begin));
    }
    if (!text.empty()) return std::nullopt;
    return mac;
}

std::optional<std::string> canonical_mac(std::string_view text) {
    const auto mac = parse_any_mac(text);
    if (!mac) return std::nullopt;
    return to_string(*mac);
}

} // namespace kmon
