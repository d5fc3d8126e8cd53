// SPDX-License-Identifier: GPL-2.0-only
// All that is scraped: what the modules counted, and how kmon itself is. `kmonctl metrics`, and the exporter.
#pragma once

#include <string>
#include <vector>

#include "metrics_text.hpp"
#include "root.hpp"
#include "snapshot.hpp"

namespace kmon {

// Source addresses of each interface that stand alone, where nothing else is asked for.
inline constexpr std::size_t standard_top = 100;

// What is told of all modules together; its samples are of no view.
struct CommonFamily {
    Family family; // without Family::samples
    Samples (*samples)(const Root& root, const Snapshot& snapshot);
};

const std::vector<CommonFamily>& common_metrics();

std::string metrics_text(const Root& root, const Snapshot& snapshot, std::size_t top, MetricsFormat format);

// For each family its name, its type and its samples.
Json metrics_json(const Root& root, const Snapshot& snapshot, std::size_t top);

} // namespace kmon
