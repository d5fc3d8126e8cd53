// SPDX-License-Identifier: GPL-2.0-only
// The errno with which the kernel refused each module. Whoever loads the modules writes it to a file in /run/kmon that
// everybody may read. So kmond, the commands and the exporter all give the same reason.
#pragma once

#include <map>
#include <string>

#include "result.hpp"
#include "root.hpp"

namespace kmon {

using LoadErrors = std::map<std::string, int>; // by the module's name

LoadErrors read_load_errors(const Root& root);

// Ignores errors: a full or read-only /run is no reason to fail.
void write_load_errors(const Root& root, const LoadErrors& errors);

// Why that module is not loaded, and the cure. Uses the errno with which the kernel refused it, if it did.
Error why_missing(const Root& root, const std::string& module);

} // namespace kmon
