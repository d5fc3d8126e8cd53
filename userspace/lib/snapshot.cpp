// SPDX-License-Identifier: GPL-2.0-only
#include "snapshot.hpp"

namespace kmon {

Snapshot take_snapshot(const Root& root) {
    Snapshot snapshot;
    for (const auto& module : modules())
        snapshot.push_back({&module, module.read(root)});
    return snapshot;
}

} // namespace kmon
