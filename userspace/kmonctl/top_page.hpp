// SPDX-License-Identifier: GPL-2.0-only
// The screen of `kmonctl top`: below 80x24, the rates alone.
#pragma once

#include <cstdint>
#include <string>

#include "page.hpp"
#include "top_model.hpp"

namespace kmon::cli {

struct TopLook {
    std::size_t rows = 24;
    std::size_t columns = 80;
    bool unicode = true;
    std::string host;
    std::string time;         // of day
    std::string interval;     // "1 s"
    std::string keys;         // what can be pressed; empty: nothing
    std::int64_t to_wall = 0; // see monotonic_to_wall()
    bool interfaces = false;  // instead of the MAC addresses, where there is no room for both
    bool help = false;        // instead of everything else
};

// Exactly that many rows.
Page top_page(const TopModel& model, const TopLook& look);

} // namespace kmon::cli
