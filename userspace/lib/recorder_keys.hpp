// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <vector>

#include "config_key.hpp"

namespace kmon {

// The keys of [recorder], for kmon-recorder.
std::vector<ConfigKey> recorder_keys();

} // namespace kmon
