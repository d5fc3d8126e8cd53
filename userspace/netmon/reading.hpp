// SPDX-License-Identifier: GPL-2.0-only
// One reading of the watched interfaces after the other, as JSON lines.
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

// What the lines have beside the figures.
struct Style {
    bool rates = false;
    bool details = false;    // operstate and alternative names
    int fraction_digits = 0; // of the time: 0, 3 or 6
};

// In seconds since 1970, with so many digits behind the point.
std::string timestamp_text(WallTime time, int fraction_digits);

// The line of `link`. With `seconds`, also each figure's rate since `before`, so long ago; null where there is no
// before.
std::string json_line(const kmon::Link& link, std::string_view timestamp, const kmon::Link* before,
                      std::optional<double> seconds, bool details = false);

// What the first reading makes of an interface that is not there.
enum class IfMissing { fail, wait };

class Readings {
public:
    Readings(kmon::Links links, Selection selection, Style style, IfMissing if_missing = IfMissing::fail);

    struct Reading {
        std::string lines;
        std::vector<std::string> notes; // for people: what went away or came back
        bool waiting = false;           // what is configured has never been there
    };

    // An error where something wanted is not there at the first reading and may not be waited for; later it always is.
    kmon::Result<Reading> next();

private:
    // A word of the selection, and whether an interface that it means was there at the last reading.
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
