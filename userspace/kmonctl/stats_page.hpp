// SPDX-License-Identifier: GPL-2.0-only
// The page of `kmonctl stats`, module by module.
#pragma once

#include <ctime>

#include "page.hpp"
#include "snapshot.hpp"

namespace kmon::cli {

struct Look {
    std::size_t columns = 80;
    bool unicode = true;
    std::time_t now = 0;
    std::size_t top = 5; // MAC addresses shown of each interface
};

Page stats_of(const LocalhostView& view, const Look& look);
Page stats_of(const L2View& view, const Look& look);
Page stats_of(const KstatView& view, const Look& look);
Page stats_of(const NetmonView& view, const std::string& version, const Look& look);
Page stats_of(const ProcessView& view, const Look& look);

// The section of a module whose view could not be read.
Page stats_missing(const std::string& module, const Error& error);

} // namespace kmon::cli
