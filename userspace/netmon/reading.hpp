// SPDX-License-Identifier: GPL-2.0-only
// Repeated readings of the watched interfaces, as JSON lines.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "links.hpp"
#include "result.hpp"
#include "selection.hpp"

namespace netmon {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

// What the lines contain besides the figures.
struct Style {
    bool rates = false;
    bool details = false;    // operstate and alternative names
    int fraction_digits = 0; // of the timestamp: 0, 3 or 6
};

// Seconds since 1970, with fraction_digits digits after the point.
std::string timestamp_text(WallTime time, int fraction_digits);

// The line of `link`. If `seconds` is given, also each figure's rate since `before`, that many seconds ago; null if
// there is no `before`.
std::string json_line(const kmon::Link& link, std::string_view timestamp, const kmon::Link* before,
                      std::optional<double> seconds, bool details = false);

// What to do if an interface is missing at the first reading.
enum class IfMissing { fail, wait };

class Readings {
public:
    Readings(kmon::Links links, Selection selection, Style style, IfMissing if_missing = IfMissing::fail);

    struct Reading {
        std::string lines;
        std::vector<std::string> notes; // for people: what disappeared or returned
        bool waiting = false;           // the configured interface has never existed
    };

    // Fails if a wanted interface is missing at the first reading and IfMissing says so. Later it always waits.
    kmon::Result<Reading> next();

private:
    // A word of the selection, and whether a matching interface existed at the last reading.
    struct Wanted {
        std::string word;
        bool there = false;
        bool told_waiting = false;
    };

    kmon::Result<void> look_for_first(const std::vector<kmon::Link>& links, Reading& reading);
    void tell_gone(const std::map<int, kmon::Link>& now, Reading& reading) const;
    void tell_back(const std::vector<kmon::Link>& links, Reading& reading);

    kmon::Links links_;
    Selection selection_;
    std::vector<Wanted> wanted_;
    Style style_;
    IfMissing if_missing_;
    bool first_ = true;
    std::map<int, kmon::Link> before_; // by index
    SteadyTime before_at_;
};

} // namespace netmon
