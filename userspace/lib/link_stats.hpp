// SPDX-License-Identifier: GPL-2.0-only
// The figures of an interface, those of `ip -s link`. Their names are the same everywhere: in rtnetlink's structure, in
// /sys/class/net/NAME/statistics, in /proc/netmon and in netmon's lines.
#pragma once

#include <array>
#include <cstdint>

namespace kmon {

struct LinkStats {
    std::uint64_t rx_bytes = 0;
    std::uint64_t tx_bytes = 0;
    std::uint64_t rx_packets = 0;
    std::uint64_t tx_packets = 0;
    std::uint64_t rx_errors = 0;
    std::uint64_t tx_errors = 0;
    std::uint64_t rx_dropped = 0;
    std::uint64_t tx_dropped = 0;
};

struct LinkFigure {
    const char* name;
    std::uint64_t LinkStats::*value;
};

inline constexpr std::array<LinkFigure, 8> link_figures{{
    {"rx_bytes", &LinkStats::rx_bytes},
    {"tx_bytes", &LinkStats::tx_bytes},
    {"rx_packets", &LinkStats::rx_packets},
    {"tx_packets", &LinkStats::tx_packets},
    {"rx_errors", &LinkStats::rx_errors},
    {"tx_errors", &LinkStats::tx_errors},
    {"rx_dropped", &LinkStats::rx_dropped},
    {"tx_dropped", &LinkStats::tx_dropped},
}};

} // namespace kmon
