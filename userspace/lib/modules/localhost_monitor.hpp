// SPDX-License-Identifier: GPL-2.0-only
// Traffic over loopback.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lines.hpp"
#include "modules/module.hpp"

namespace kmon {

struct LocalhostView : View {
    struct Protocol {
        std::uint64_t ip_version = 0;
        std::string name; // tcp, udp, icmp, icmpv6, other
        std::uint64_t packets = 0;
        std::uint64_t segments = 0;
        std::uint64_t bytes = 0;
    };
    struct Size {
        std::string range; // "0-127"
        std::uint64_t min = 0;
        std::uint64_t packets = 0;
        std::uint64_t bytes = 0;
    };

    bool all_netns = false;
    bool log_packets = false;
    std::uint64_t log_suppressed = 0;
    std::uint64_t packets = 0;
    std::uint64_t segments = 0;
    std::uint64_t bytes = 0;
    std::vector<Protocol> protocols;
    std::vector<Size> sizes;

    Page page(const Look& look) const override;
    Json json(std::size_t top = all) const override;
    std::string settings() const override;
    std::vector<Figure> figures() const override;
};

Result<LocalhostView> parse_localhost(Lines& lines);
// If the module is not loaded, or is unloaded meanwhile: ExitCode::not_running.
Result<LocalhostView> read_localhost(const Root& root);

} // namespace kmon
