// SPDX-License-Identifier: GPL-2.0-only
// One reading of the watched interfaces after the other, as JSON lines.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "links.hpp"
#include "result.hpp"

namespace netmon {

using SteadyTime = std::chrono::steady_clock::time_point;

// The line of `link`. With `seconds`, also each figure's rate since `before`, so long ago; null where there is no
// before.
std::string json_line(const kmon::Link& link, std::int64_t timestamp, const kmon::Link* before,
                      std::optional<double> seconds);

// What the first reading makes of an interface that is not there.
enum class IfMissing { fail, wait };

class Readings {
public:
    // interface: its name, or all_interfaces (every one but lo).
    Readings(kmon::Links links, std::string interface, bool rates, IfMissing if_missing = IfMissing::fail);

    struct Reading {
        std::string lines;
        std::vector<std::string> notes; // for people: what went away or came back
        bool waiting = false;           // the one interface has never been there
    };

    // An error where the one interface is not there at the first reading and may not be waited for; later it always is.
    kmon::Result<Reading> next();

private:
    bool watched(const kmon::Link& link) const;
    std::vector<std::string> changes(const std::map<int, kmon::Link>& now) const;

    kmon::Links links_;
    std::string interface_;
    bool rates_;
    IfMissing if_missing_;
    bool first_ = true;
    bool waiting_ = false;
    std::map<int, kmon::Link> before_; // by index
    SteadyTime before_at_;
};

} // namespace netmon
