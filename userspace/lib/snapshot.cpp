// SPDX-License-Identifier: GPL-2.0-only
#include "snapshot.hpp"

namespace kmon {

Snapshot take_snapshot(const Root& root, std::size_t top) {
    Snapshot snapshot;
    for (const auto& module : modules())
        snapshot.push_back(
            {&module, top != View::all && module.read_top ? module.read_top(root, top) : module.read(root)});
    return snapshot;
}

} // namespace kmon
