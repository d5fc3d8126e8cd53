// SPDX-License-Identifier: GPL-2.0-only
#include "snapshot.hpp"

namespace kmon {

// What takes longest comes first, so that the others are as fresh as can be.
Snapshot take_snapshot(const Root& root) {
    auto l2 = read_l2(root);
    return {read_localhost(root), std::move(l2), read_kstat(root), read_netmon(root), read_process(root)};
}

} // namespace kmon
