// SPDX-License-Identifier: GPL-2.0-only
// Runs a program without a shell and takes what it prints.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "result.hpp"

namespace netmon {

// What a program may take.
struct Limits {
    std::chrono::milliseconds time{5000};
    std::size_t output = 4096; // bytes
};

// What `command` (its name is looked up in PATH) wrote to its standard output, empty where it failed. Nothing where
// there is no such program. An error where it takes more than the limits: it is killed, with all that it started.
kmon::Result<std::optional<std::string>> run_program(const std::vector<std::string>& command, Limits limits = {});

} // namespace netmon
