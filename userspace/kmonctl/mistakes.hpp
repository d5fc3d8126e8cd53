// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "config.hpp"
#include "context.hpp"

namespace kmon::cli {

// Prints the configuration's mistakes to standard error.
void tell_mistakes(const Context& context, const ConfigReading& reading);

} // namespace kmon::cli
