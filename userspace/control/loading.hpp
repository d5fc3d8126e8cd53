// SPDX-License-Identifier: GPL-2.0-only
// Loads the modules, and remembers what the kernel refused (see load_errors.hpp): the privileged start-up step hands
// that on to the service, which has no privileges, and to later callers.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "config.hpp"
#include "result.hpp"
#include "root.hpp"

namespace kmon::control {

// Loads each enabled module that is not loaded, and leaves a report of what the kernel refused, which is also returned.
// A module that cannot be loaded does not keep the others. say: what is being done, for people.
using Refused = std::map<std::string, Error>;
Refused load_modules(
    const Root& root, const Config& config, const std::function<void(const std::string&)>& say = [](const auto&) {});

// It runs now, so it is of no interest any more what the kernel said before.
void forget_refusal(const Root& root, const std::string& module);

} // namespace kmon::control
