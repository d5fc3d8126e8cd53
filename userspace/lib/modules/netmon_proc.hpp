// SPDX-License-Identifier: GPL-2.0-only
// The figures of each interface.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lines.hpp"
#include "link_stats.hpp"
#include "modules/module.hpp"

namespace kmon {

// /proc/netmon has no first line of its own, so its version is that of the loaded module.
struct NetmonView : View {
    struct Interface : LinkStats {
        std::string name;
        std::string error; // "not found"; then there are no figures
    };

    std::string only; // the interface that the module shows; empty: all
    std::vector<Interface> interfaces;

    Page page(const Look& look) const override;
    Json json(std::size_t top = all) const override;
    std::string settings() const override;
    std::vector<Figure> figures() const override;
};

Result<NetmonView> parse_netmon(Lines& lines);
// If the module is not loaded, or is unloaded meanwhile: ExitCode::not_running.
Result<NetmonView> read_netmon(const Root& root);

} // namespace kmon
