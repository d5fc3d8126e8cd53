// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <CLI/CLI.hpp>
#include <memory>

#include "context.hpp"

namespace kmon::cli {

// The whole command line, for run() and for `kmonctl help`.
std::unique_ptr<CLI::App> command_line(Context& context);

// Runs the program; returns the exit code.
ExitCode run(Context& context, int argc, const char* const* argv);

} // namespace kmon::cli
