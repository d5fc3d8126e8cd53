// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kmon {

using MacAddress = std::array<std::uint8_t, 6>;

// "aa:bb:cc:dd:ee:ff"
std::string to_string(const MacAddress& mac);

// In any common notation: "AA-BB-CC-DD-EE-FF", "aa:b:c:d:e:f".
std::optional<MacAddress> parse_any_mac(std::string_view text);

// The same, as text in the form "aa:bb:cc:dd:ee:ff".
std::optional<std::string> canonical_mac(std::string_view text);

// Did the device choose the address itself, as phones do for privacy? Then it does not tell the vendor.
constexpr bool is_randomised(const MacAddress& mac) { return (mac[0] & 2U) != 0; }

} // namespace kmon
