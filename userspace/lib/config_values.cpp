// SPDX-License-Identifier: GPL-2.0-only
#include "config_values.hpp"

#include <arpa/inet.h>

#include <array>
#include <limits>

#include "number_text.hpp"

namespace kmon {
namespace {

std::uint64_t seconds_in(char unit) {
    switch (unit) {
    case 's': return 1;
    case 'm': return 60;
    case 'h': return 3600;
    case 'd': return 86400;
    case 'y': return std::uint64_t{365} * 86400;
    default: return 0;
    }
}

std::uint64_t bytes_in(char unit) {
    switch (unit) {
    case 'k':
    case 'K': return std::uint64_t{1} << 10U;
    case 'M': return std::uint64_t{1} << 20U;
    case 'G': return std::uint64_t{1} << 30U;
    case 'T': return std::uint64_t{1} << 40U;
    default: return 0;
    }
}

// A number, optionally followed by a unit.
std::optional<std::uint64_t> parse_amount(std::string_view text, std::uint64_t (*size_of)(char unit)) {
    if (text.empty()) return std::nullopt;
    std::uint64_t unit = size_of(text.back());
    if (unit != 0)
        text.remove_suffix(1);
    else
        unit = 1;
    const auto number = parse_count(text);
    if (!number || *number > std::numeric_limits<std::uint64_t>::max() / unit) return std::nullopt;
    return *number * unit;
}

bool is_address(int family, const std::string& host) {
    std::array<unsigned char, sizeof(in6_addr)> address{};
    return ::inet_pton(family, host.c_str(), address.data()) == 1;
}

} // namespace

std::optional<std::uint64_t> parse_duration(std::string_view text) { return parse_amount(text, seconds_in); }

std::optional<std::uint64_t> parse_size(std::string_view text) { return parse_amount(text, bytes_in); }

std::optional<Endpoint> parse_endpoint(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto port = parse_count(text.substr(colon + 1));
    if (!port || *port == 0 || *port > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;

    Endpoint endpoint{std::string(text.substr(0, colon)), static_cast<std::uint16_t>(*port)};
    auto& host = endpoint.host;
    if (host.find('\0') != std::string::npos) return std::nullopt;
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
        return is_address(AF_INET6, host) ? std::optional(endpoint) : std::nullopt;
    }
    return is_address(AF_INET, host) ? std::optional(endpoint) : std::nullopt;
}

} // namespace kmon
