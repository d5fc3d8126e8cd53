// SPDX-License-Identifier: GPL-2.0-only
// The screen of `kmonctl top`. Below 80x24 it has only the rates.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "page.hpp"
#include "top_model.hpp"

namespace kmon::cli {

struct TopLook {
    std::size_t rows = 24;
    std::size_t columns = 80;
    bool unicode = true;
    std::string host;
    std::string time;              // of day
    std::string interval;          // "1 s"
    std::vector<std::string> keys; // the state, then the keys that can be pressed; the last two are dropped last
    std::int64_t to_wall = 0;      // see monotonic_to_wall()
    bool interfaces = false;       // show these instead of the MAC addresses, if there is no room for both
    bool help = false;             // instead of everything else
    std::string filter{};          // show only addresses, interfaces and processes whose name contains this
    bool typing = false;           // the filter is being typed
};

// Returns exactly look.rows lines, none longer than look.columns.
Page top_page(const TopModel& model, const TopLook& look);

} // namespace kmon::cli
