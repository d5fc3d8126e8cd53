// SPDX-License-Identifier: GPL-2.0-only
// What is served, in each format. Clients that ask at the same moment get the same reading, so a thousand clients cost
// as much as one. While nobody asks, nothing is read.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "metrics_text.hpp"
#include "root.hpp"
#include "snapshot.hpp"

namespace kmon::exporter {

using Text = std::shared_ptr<const std::string>;

class Readings {
public:
    using Clock = std::chrono::steady_clock;

    // top: the most source addresses per interface that a client can ask for.
    Readings(Root root, std::size_t top, std::function<Clock::time_point()> now = Clock::now);

    Text metrics(MetricsFormat format);
    // As `kmonctl stats --json`, on one line.
    Text stats(std::size_t top);
    // The state of each module, as in `kmonctl status --json`.
    Text status();

    const Root& root() const { return root_; }
    std::size_t top() const { return top_; }
    std::size_t taken() const { return taken_; } // readings, so far

private:
    void refresh();

    Root root_;
    std::size_t top_;
    std::function<Clock::time_point()> now_;

    Snapshot snapshot_;
    Clock::time_point taken_at_;
    Clock::time_point valid_until_;
    std::size_t taken_ = 0;
    std::map<MetricsFormat, Text> metrics_; // made of this reading so far
    std::map<std::size_t, Text> stats_;     // by top
    Text status_;
    Clock::time_point status_valid_until_;
};

} // namespace kmon::exporter
