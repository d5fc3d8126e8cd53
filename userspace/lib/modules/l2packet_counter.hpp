// SPDX-License-Identifier: GPL-2.0-only
// Received frames by source MAC address, and sent frames by destination if the module counts them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lines.hpp"
#include "mac_address.hpp"
#include "modules/module.hpp"

namespace kmon {

using Ethers = std::map<MacAddress, std::string>; // names; names.hpp

struct L2View : View {
    struct Mac {
        MacAddress address = {};
        std::uint64_t packets = 0;
        std::uint64_t bytes = 0;
        std::uint64_t tx_packets = 0; // sent to it; 0 if the module does not count sent frames
        std::uint64_t tx_bytes = 0;
        std::uint64_t first_seen = 0; // seconds since 1970
        std::uint64_t last_seen = 0;
    };
    struct Interface {
        std::string name;
        bool waiting = false; // it is missing
        std::string hook;
        std::uint64_t packets = 0;
        std::uint64_t bytes = 0;
        std::uint64_t untracked_packets = 0; // of sources beyond max_macs
        std::uint64_t untracked_bytes = 0;
        std::uint64_t evicted_packets = 0; // of sources whose memory was freed
        std::uint64_t evicted_bytes = 0;
        std::uint64_t skipped_packets = 0; // group source address: not in packets
        bool counts_sent = false;          // now or earlier; if not, the tx figures are 0
        std::uint64_t tx_packets = 0;
        std::uint64_t tx_bytes = 0;
        std::uint64_t tx_untracked_packets = 0;
        std::uint64_t tx_untracked_bytes = 0;
        std::uint64_t tx_evicted_packets = 0;
        std::uint64_t tx_evicted_bytes = 0;
        std::uint64_t tx_group_packets = 0; // to group addresses: not in tx_packets
        std::uint64_t tx_group_bytes = 0;
        std::vector<Mac> macs;        // all, or only the busiest by packets and by bytes
        std::uint64_t known_macs = 0; // how many there are
    };

    std::string hook;
    std::uint64_t reset_interval = 0; // seconds
    std::uint64_t max_macs = 0;
    std::string direction = "rx"; // or "both"
    std::vector<Interface> interfaces;
    Ethers ethers; // of /etc/ethers

    Page page(const Look& look) const override;
    Json json(std::size_t top = all) const override;
    std::string settings() const override;
    std::vector<Figure> figures() const override;
};

// top: for each interface and direction, keeps the `top` MACs with the most packets and those with the most bytes. A
// million others take no memory.
Result<L2View> parse_l2(Lines& lines, std::size_t top = View::all);
// If the module is not loaded, or is unloaded meanwhile: ExitCode::not_running.
Result<L2View> read_l2(const Root& root, std::size_t top = View::all);

} // namespace kmon
