// SPDX-License-Identifier: GPL-2.0-only
// Runs a program without a shell and captures its output.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "result.hpp"

namespace netmon {

// What a program may use.
struct Limits {
    std::chrono::milliseconds time{5000};
    std::size_t output = 4096; // bytes
};

// The standard output of `command` (looked up in PATH); empty if it failed. Nothing if there is no such program. If it
// exceeds the limits, it is killed with everything that it started, and an error is returned.
kmon::Result<std::optional<std::string>> run_program(const std::vector<std::string>& command, Limits limits = {});

} // namespace netmon
