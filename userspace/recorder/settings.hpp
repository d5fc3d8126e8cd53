// SPDX-License-Identifier: GPL-2.0-only
// The settings of [recorder] in the configuration.
#pragma once

#include <cstdint>

#include "config.hpp"
#include "history/store.hpp"

namespace kmon::recorder {

struct Settings {
    history::Limits limits;
    std::int64_t write_interval = 60'000; // ms
    bool in_memory = false;
    std::int64_t save_interval = 0; // ms; 0: only at the end
};

Settings recorder_settings(const Config& config);

} // namespace kmon::recorder
