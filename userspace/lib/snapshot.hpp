// SPDX-License-Identifier: GPL-2.0-only
// All five views at one moment, each of them or why it could not be read.
#pragma once

#include <string>

#include "views.hpp"

namespace kmon {

struct Snapshot {
    Result<LocalhostView> localhost;
    Result<L2View> l2;
    Result<KstatView> kstat;
    Result<NetmonView> netmon;
    Result<ProcessView> process;
};

Snapshot take_snapshot(const Root& root);

} // namespace kmon
