// SPDX-License-Identifier: GPL-2.0-only
// Parses configuration values, independent of TOML.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kmon {

// "20s", "5m", "2h", "1d", "1y", "20" in seconds.
std::optional<std::uint64_t> parse_duration(std::string_view text);

// "64M", "1G", "500k", in bytes.
std::optional<std::uint64_t> parse_size(std::string_view text);

struct Endpoint {
    std::string host;
    std::uint16_t port = 0;
};

// "127.0.0.1:9778", "[::1]:9778".
std::optional<Endpoint> parse_endpoint(std::string_view text);

} // namespace kmon
