// SPDX-License-Identifier: GPL-2.0-only
// Loads the modules, and remembers the kernel's errors (see load_errors.hpp). So the privileged start-up step passes
// them on to the unprivileged service and to later callers.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "config.hpp"
#include "result.hpp"
#include "root.hpp"

namespace kmon::control {

// Loads each enabled module that is not loaded. Returns and records the kernel's errors. A module that cannot be loaded
// does not affect the others. say: receives progress messages.
using Refused = std::map<std::string, Error>;
Refused load_modules(
    const Root& root, const Config& config, const std::function<void(const std::string&)>& say = [](const auto&) {});

// The module is loaded now: forgets an earlier error.
void forget_refusal(const Root& root, const std::string& module);

} // namespace kmon::control
