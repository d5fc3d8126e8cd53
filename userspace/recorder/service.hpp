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

// The service, until SIGTERM or SIGINT. SIGHUP: the configuration is read anew. SIGUSR1: what waits is written.
Result<void> serve(const Root& root, const Places& places, const Tell& tell);

} // namespace kmon::recorder
