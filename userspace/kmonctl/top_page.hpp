// SPDX-License-Identifier: GPL-2.0-only
// The screen of `kmonctl top`: below 80x24, the rates alone.
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
    std::vector<std::string> keys; // what can be pressed, and before it what is to be known; the last two stay longest
    std::int64_t to_wall = 0;      // see monotonic_to_wall()
    bool interfaces = false;       // instead of the MAC addresses, where there is no room for both
    bool help = false;             // instead of everything else
    std::string filter{};          // shown are only the addresses, interfaces and processes in whose name it stands
    bool typing = false;           // it is just being typed
};

// Exactly that many rows. Their lines are no longer than the columns.
Page top_page(const TopModel& model, const TopLook& look);

} // namespace kmon::cli
