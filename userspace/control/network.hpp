// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "result.hpp"
#include "settings.hpp"

namespace kmon::control {

// The interfaces of this network namespace, and that of the default route.
Result<Network> ask_network();

} // namespace kmon::control
