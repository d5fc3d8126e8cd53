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

// As people write it: "AA-BB-CC-DD-EE-FF", "aa:b:c:d:e:f".
std::optional<MacAddress> parse_any_mac(std::string_view text);

// The same as text, in the one form that is used everywhere else.
std::optional<std::string> canonical_mac(std::string_view text);

// Chosen by the device itself, as phones do to be nobody; so it says nothing of who made it.
constexpr bool is_randomised(const MacAddress& mac) { return (mac[0] & 2U) != 0; }

} // namespace kmon
