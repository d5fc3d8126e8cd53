// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "result.hpp"

namespace kmon::kmond {

// May this process load modules?
bool can_load_modules();

// Gives up every capability, for good. Files of root can still be written: they are this user's own.
Result<void> drop_privileges();

} // namespace kmon::kmond
