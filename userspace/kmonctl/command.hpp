// SPDX-License-Identifier: GPL-2.0-only
// Each command has a file, which adds it to the command line.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "context.hpp"
#include "result.hpp"
#include "version.hpp"

namespace kmon::cli {

void add_status(CLI::App& kmon, Context& context);
void add_stats(CLI::App& kmon, Context& context);
void add_top(CLI::App& kmon, Context& context);
void add_exits(CLI::App& kmon, Context& context);
void add_macs(CLI::App& kmon, Context& context);
void add_metrics(CLI::App& kmon, Context& context);
void add_history(CLI::App& kmon, Context& context);
void add_alert(CLI::App& kmon, Context& context);
void add_check(CLI::App& kmon, Context& context);
void add_load(CLI::App& kmon, Context& context);
void add_apply(CLI::App& kmon, Context& context);
void add_reset(CLI::App& kmon, Context& context);
void add_kstat(CLI::App& kmon, Context& context);
void add_start(CLI::App& kmon, Context& context);
void add_stop(CLI::App& kmon, Context& context);
void add_doctor(CLI::App& kmon, Context& context);
void add_selftest(CLI::App& kmon, Context& context);
void add_version(CLI::App& kmon, Context& context);
void add_help(CLI::App& kmon, Context& context);

// Runs a command; returns the exit code, or why it failed.
using Action = std::function<Result<ExitCode>()>;

// Adds a command with --json, --color and --help. `action` runs if the command line names it.
CLI::App& add_command(CLI::App& kmon, Context& context, const std::string& name, const std::string& description,
                      Action action);

// CLI11's help, wrapped to `columns`.
std::string fitted_help(const std::string& help, std::size_t columns);

// The output and exit code of `alert` if it cannot decide.
inline constexpr auto no_verdict = static_cast<ExitCode>(3);
std::string no_verdict_line(const std::string& why);

// Adds a positional argument that takes a module name.
CLI::Option* add_module_argument(CLI::App& command, std::string& module, const std::string& description);

} // namespace kmon::cli
