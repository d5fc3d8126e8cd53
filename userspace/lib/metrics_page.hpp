// SPDX-License-Identifier: GPL-2.0-only
// Everything that is scraped: what the modules counted, and the state of kmon itself. For `kmonctl metrics` and the
// exporter.
#pragma once

#include <string>
#include <vector>

#include "metrics_text.hpp"
#include "root.hpp"
#include "snapshot.hpp"

namespace kmon {

// The default for how many source addresses of each interface have their own series.
inline constexpr std::size_t standard_top = 100;

// A family about all modules together; its samples do not come from a view.
struct CommonFamily {
    Family family; // without Family::samples
    Samples (*samples)(const Root& root, const Snapshot& snapshot);
};

const std::vector<CommonFamily>& common_metrics();

std::string metrics_text(const Root& root, const Snapshot& snapshot, std::size_t top, MetricsFormat format);

// The name, type and samples of each family.
Json metrics_json(const Root& root, const Snapshot& snapshot, std::size_t top);

} // namespace kmon
