// SPDX-License-Identifier: GPL-2.0-only
// Everything that the modules counted, as one object: for `kmonctl stats --json` and the exporter.
#pragma once

#include <cstddef>
#include <ctime>

#include "json.hpp"
#include "root.hpp"
#include "snapshot.hpp"

namespace kmon {

// top: at most this many source addresses of each interface, those with the most frames first.
Json stats_json(const Root& root, std::size_t top = View::all);

// The same from an existing snapshot.
Json stats_json(const Root& root, const Snapshot& snapshot, std::time_t now, std::size_t top = View::all);

} // namespace kmon
