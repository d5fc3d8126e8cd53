// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "result.hpp"
#include "settings.hpp"

namespace kmon::kmond {

// The interfaces of this network namespace, and that of the default route.
Result<Network> ask_network();

} // namespace kmon::kmond
