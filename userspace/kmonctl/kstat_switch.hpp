// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "context.hpp"
#include "result.hpp"

namespace kmon::cli {

// Starts or stops kstat; what `kmonctl start` and `kmonctl stop` do.
Result<int> switch_kstat(Context& context, bool start);

} // namespace kmon::cli
