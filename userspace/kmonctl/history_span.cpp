// SPDX-License-Identifier: GPL-2.0-only
#include "history_span.hpp"

namespace kmon::cli {

void add_span_options(CLI::App& command, history::TimeWords& options) {
    auto* last =
        command.add_option("--last", options.last, "The time up to now: 90s, 15m, 24h, 7d, 2w, 1y")->type_name("SPAN");
    command.add_option("--from", options.from, "The start: 2027-01-15, \"2027-01-15 09:30\", 09:30, yesterday, 2h")
        ->type_name("TIME")
        ->excludes(last);
    command.add_option("--to", options.to, "The end (default: now)")->type_name("TIME")->excludes(last);
}

Result<history::History> open_history(const Context& context) {
    return history::History::open(history::history_file(context.root.run, context.root.var_lib));
}

} // namespace kmon::cli
