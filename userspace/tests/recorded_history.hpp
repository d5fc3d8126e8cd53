// SPDX-License-Identifier: GPL-2.0-only
// A history of two devices with known traffic, below a directory that stands for the system.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "history/recording.hpp"
#include "modules/l2packet_counter.hpp"
#include "modules/module_table.hpp"
#include "modules/netmon_proc.hpp"
#include "modules/process_monitor.hpp"
#include "temp_tree.hpp"

namespace kmon::test {

inline constexpr std::int64_t start = 1'800'000'000; // 2027-01-15 08:00:00 UTC

inline const char* const nas = "28:6f:b9:00:00:01";
inline const char* const phone = "d6:00:00:00:00:02";

// Three hours. Every ten seconds the nas sends 1000 bytes and the phone 100. The phone is silent in the second hour.
inline void record_three_hours(const TempTree& tree, std::int64_t begin = start) {
    using history::Recording;
    tree.write("etc/kmon.toml", std::string("[devices]\n\"") + nas + "\" = \"nas\"\n");
    std::filesystem::create_directories(tree.path() / "var/lib/kmon");
    history::Limits limits;
    limits.durable = false;
    Recording recording(tree.path() / "var/lib/kmon/history.db", limits, {[](const auto&) {}, [](const auto&) {}});
    L2View l2;
    auto& interface = l2.interfaces.emplace_back();
    interface.name = "br0";
    interface.macs = {{.address = *parse_any_mac(nas)}, {.address = *parse_any_mac(phone)}};
    NetmonView links;
    links.interfaces.emplace_back().name = "br0";
    ProcessView exits;
    const auto take = [&](std::int64_t second) {
        const history::Moment moment = {"boot", 1'000'000 + second * 1000, (begin + second) * 1000};
        recording.take(moment, {{find_module("l2packet_counter"), &l2, false, {"boot", 1, false, ""}},
                                {find_module("netmon_proc"), &links, false, {"boot", 1, true, ""}},
                                {find_module("process_monitor"), &exits, false, {"boot", 1, false, ""}}});
        if (second % 60 == 0) {
            EXPECT_TRUE(recording.flush(moment));
        }
    };
    take(0);
    for (std::int64_t second = 10; second <= 3 * 3600; second += 10) {
        const bool silent = second > 3600 && second <= 2 * 3600;
        interface.macs[0].packets += 1;
        interface.macs[0].bytes += 1000;
        if (!silent) {
            interface.macs[1].packets += 1;
            interface.macs[1].bytes += 100;
        }
        interface.packets += silent ? 1 : 2;
        interface.bytes += silent ? 1000 : 1100;
        links.interfaces[0].rx_bytes += 5;
        links.interfaces[0].tx_bytes += 50;
        exits.exits += 4;
        exits.nonzero_exits += 1;
        take(second);
    }
}

} // namespace kmon::test
