// SPDX-License-Identifier: GPL-2.0-only
#include "history_span.hpp"

#include <algorithm>
#include <cctype>

#include "escape.hpp"
#include "time_text.hpp"

namespace kmon::cli {

void add_span_options(CLI::App& command, SpanOptions& options) {
    auto* last =
        command.add_option("--last", options.last, "The time up to now: 90s, 15m, 24h, 7d, 2w, 1y")->type_name("SPAN");
    command.add_option("--from", options.from, "From then on: 2027-01-15, \"2027-01-15 09:30\", 09:30, yesterday, 2h")
        ->type_name("TIME")
        ->excludes(last);
    command.add_option("--to", options.to, "Up to then; up to now if not given")->type_name("TIME")->excludes(last);
}

Result<history::History::Extent> extent_of(const SpanOptions& options, std::time_t now, std::int64_t otherwise) {
    const auto time = [&](const std::string& text) -> Result<std::time_t> {
        if (const auto parsed = parse_time(text, now)) return *parsed;
        return fail("'" + printable(text) + "' is not a time", ExitCode::usage, times_to_write);
    };
    history::History::Extent extent = {static_cast<std::int64_t>(now) - otherwise, now};
    if (!options.last.empty()) {
        const auto span = parse_span(options.last);
        if (!span)
            return fail("'" + printable(options.last) + "' is not a span of time", ExitCode::usage, "15m, 24h, 7d");
        extent.from = now - *span;
    }
    if (!options.to.empty()) {
        const auto to = time(options.to);
        if (!to) return fail(to.error());
        extent = {*to - otherwise, *to};
    }
    if (!options.from.empty()) {
        const auto from = time(options.from);
        if (!from) return fail(from.error());
        extent.from = *from;
    }
    if (extent.from >= extent.to) return fail("the time ends before it begins", ExitCode::usage);
    return extent;
}

Result<history::History> open_history(const Context& context) {
    return history::History::open(history::history_file(context.root.run, context.root.var_lib));
}

std::function<bool(const std::string& label)> is_called(std::string wanted, NamesByMac names) {
    if (wanted.empty()) return {};
    const auto plain = [](std::string text) {
        std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
        std::ranges::replace(text, '-', ':');
        return text;
    };
    return [wanted = plain(std::move(wanted)), names = std::move(names), plain](const std::string& label) {
        if (plain(label) == wanted) return true;
        const auto mac = parse_any_mac(label);
        if (!mac) return false;
        const auto name = names.find(*mac);
        if (name != names.end() && plain(name->second) == wanted) return true;
        return wanted.find(':') != std::string::npos && label.starts_with(wanted);
    };
}

std::vector<std::string> table_names() {
    std::vector<std::string> names;
    for (const auto& one : history::tables())
        names.push_back(one.table->name);
    return names;
}

} // namespace kmon::cli
