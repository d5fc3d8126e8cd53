// SPDX-License-Identifier: GPL-2.0-only
// What `history` and `alert` have in common: of which time, and of which device.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "context.hpp"
#include "history/history.hpp"
#include "history/query.hpp"
#include "names.hpp"
#include "result.hpp"

namespace kmon::cli {

struct SpanOptions {
    std::string last; // "24h"
    std::string from;
    std::string to;
};

void add_span_options(CLI::App& command, SpanOptions& options);

// otherwise: the seconds up to now, where nothing is said.
Result<history::History::Extent> extent_of(const SpanOptions& options, std::time_t now, std::int64_t otherwise);

Result<history::History> open_history(const Context& context);

// Does a line that ends in this label belong to `wanted`: a MAC address, the start of one, a name, or the label itself?
std::function<bool(const std::string& label)> is_called(std::string wanted, NamesByMac names);

// The names of the tables, to choose from.
std::vector<std::string> table_names();

} // namespace kmon::cli
