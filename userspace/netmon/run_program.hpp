// SPDX-License-Identifier: GPL-2.0-only
// Runs a program without a shell and takes what it prints.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace netmon {

// What `command` (its name is looked up in PATH) wrote to its standard output, empty where it failed. Nothing where
// there is no such program.
std::optional<std::string> run_program(const std::vector<std::string>& command);

} // namespace netmon
