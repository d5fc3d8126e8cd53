// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <optional>
#include <string>

#include "result.hpp"
#include "watched.hpp"

namespace kmon::control {

// The interfaces of this network namespace, and that of the default route.
Result<Network> ask_network();

// Each of the two alone. The first returns a Network without a default route.
Result<Network> ask_devices();
Result<std::optional<std::string>> ask_default_route();

} // namespace kmon::control
