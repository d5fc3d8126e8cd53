// SPDX-License-Identifier: GPL-2.0-only
// The options that `history` and `alert` share.
#pragma once

#include <CLI/CLI.hpp>

#include "context.hpp"
#include "history/question.hpp"
#include "result.hpp"

namespace kmon::cli {

void add_span_options(CLI::App& command, history::TimeWords& options);

Result<history::History> open_history(const Context& context);

} // namespace kmon::cli
