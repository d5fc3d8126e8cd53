// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "result.hpp"

namespace kmon::kmond {

// May this process load modules?
bool can_load_modules();

// Gives up every capability for good. Root's files can still be written, because this process is their owner.
Result<void> drop_privileges();

} // namespace kmon::kmond
