// SPDX-License-Identifier: GPL-2.0-only
// Outgoing TCP packets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lines.hpp"
#include "modules/module.hpp"

namespace kmon {

struct KstatView : View {
    struct Family {
        std::uint64_t ip_version = 0;
        std::uint64_t packets = 0;
        std::uint64_t segments = 0;
    };

    bool all_netns = false;
    bool running = false;
    std::uint64_t counter = 0;   // packets between two publications
    std::uint64_t published = 0; // since load; /proc/kstat/nout counts from its last reset
    std::uint64_t packets = 0;
    std::uint64_t segments = 0;
    std::vector<Family> families;

    Page page(const Look& look) const override;
    Json json(std::size_t top = all) const override;
    std::string settings() const override;
    std::vector<Figure> figures() const override;
};

Result<KstatView> parse_kstat(Lines& lines);
// If the module is not loaded, or is unloaded meanwhile: ExitCode::not_running.
Result<KstatView> read_kstat(const Root& root);

} // namespace kmon
