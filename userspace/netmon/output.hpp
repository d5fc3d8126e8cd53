// SPDX-License-Identifier: GPL-2.0-only
// Standard output, whose reader may leave at any time.
#pragma once

#include <chrono>
#include <string_view>

#include "result.hpp"

namespace netmon {

// Both: false when the reader is gone.
kmon::Result<bool> write_all(std::string_view text);
bool sleep_until(std::chrono::steady_clock::time_point time);

} // namespace netmon
