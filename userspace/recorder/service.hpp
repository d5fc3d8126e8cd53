// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "result.hpp"
#include "root.hpp"

namespace kmon::recorder {

struct Places {
    std::filesystem::path state;   // on disk: /var/lib/kmon
    std::filesystem::path runtime; // in memory: /run/kmon-recorder
};

// priority: of <syslog.h>
using Tell = std::function<void(int priority, const std::string& what)>;

// Runs the service until SIGTERM or SIGINT. SIGHUP: reads the configuration again. SIGUSR1: writes pending data.
Result<void> serve(const Root& root, const Places& places, const Tell& tell);

} // namespace kmon::recorder
