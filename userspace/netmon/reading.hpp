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

class Readings {
public:
    // interface: its name, or all_interfaces (every one but lo).
    Readings(kmon::Links links, std::string interface, bool rates);

    struct Reading {
        std::string lines;
        std::vector<std::string> notes; // for people: what went away or came back
    };

    // An error where the one interface is not there at the first reading; later it is waited for.
    kmon::Result<Reading> next();

private:
    bool watched(const kmon::Link& link) const;
    std::vector<std::string> changes(const std::map<int, kmon::Link>& now) const;

    kmon::Links links_;
    std::string interface_;
    bool rates_;
    bool first_ = true;
    std::map<int, kmon::Link> before_; // by index
    SteadyTime before_at_;
};

} // namespace netmon
