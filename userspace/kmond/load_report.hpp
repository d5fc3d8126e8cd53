// SPDX-License-Identifier: GPL-2.0-only
// How the modules' loading went, handed from the privileged start-up step to the service, which has no privileges.
#pragma once

#include <string>

#include "config.hpp"
#include "journal.hpp"
#include "root.hpp"

namespace kmon::kmond {

// Loads each enabled module that is not loaded, and leaves a report of what the kernel refused. A module that cannot be
// loaded is no error here: the service tells of it, and the others run.
void load_modules(const Root& root, const Config& config);

// The errno with which the kernel refused that module; 0 if it did not.
int load_error(const Root& root, const std::string& module);

} // namespace kmon::kmond
