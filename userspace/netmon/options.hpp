// SPDX-License-Identifier: GPL-2.0-only
// netmon's command line.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "reading.hpp"
#include "result.hpp"

namespace netmon {

struct Options {
    std::vector<std::string> interfaces; // as given; empty: the configuration decides
    std::vector<std::string> excluded;
    std::chrono::duration<double> interval{1};
    std::optional<std::uint64_t> count; // readings to print; nothing: until stopped
    Style style;
};

// The options, or the code to exit with: help or an error has been printed.
std::variant<Options, kmon::ExitCode> parse_command_line(int argc, char** argv);

} // namespace netmon
