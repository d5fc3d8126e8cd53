// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

#include "keeper.hpp"

namespace kmon::control {

// One line: "5 of 5 modules; l2packet_counter on eth0; kstat started, counter 10", or what is degraded, why, and the
// cure.
std::string status_line(const Root& root, const Keeper& keeper);

} // namespace kmon::control
