// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "control/journal.hpp"
#include "root.hpp"

namespace kmon::kmond {

// Runs the service until SIGTERM or SIGINT: follows changes, notifies systemd, reloads on SIGHUP and on request.
Result<void> serve(const Root& root, const control::Journal& journal);

} // namespace kmon::kmond
