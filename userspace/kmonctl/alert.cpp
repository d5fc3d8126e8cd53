// SPDX-License-Identifier: GPL-2.0-only
// A check as monitoring systems (Nagios, Icinga, Checkmk) expect it: one line, and exit status 0, 1, 2 or 3.
#include <algorithm>

#include "command.hpp"
#include "config_values.hpp"
#include "escape.hpp"
#include "format.hpp"
#include "history_span.hpp"
#include "joined.hpp"

namespace kmon::cli {

namespace {

using namespace history;

struct Options {
    std::string table = "devices";
    TimeWords span;
    std::string device;
    std::string column; // empty: the bytes, or else the first
    std::string warning;
    std::string critical;
};

enum State { good, warning, critical, unknown };

constexpr const char* state_names[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

struct Check {
    State state = unknown;
    std::string words;
    std::uint64_t value = 0;
    std::string figures; // after the | of the line
};

Result<Check> check(const Context& context, const Options& options) {
    const auto table = find_table(options.table);
    if (!table) return fail("there is no table '" + printable(options.table) + "'");
    const auto& columns = table->table->columns;
    const auto column = std::ranges::find(columns, options.column, &HistoryTable::Column::name);
    if (!options.column.empty() && column == columns.end())
        return fail("there is no column '" + printable(options.column) + "'; expected one of " +
                    joined(columns, ", ", &HistoryTable::Column::name));
    const auto limit = [](const std::string& text) -> Result<std::optional<std::uint64_t>> {
        if (text.empty()) return std::optional<std::uint64_t>();
        if (const auto bytes = parse_size(text)) return std::optional(*bytes);
        return fail("'" + printable(text) + "' is not a number or a size");
    };
    const auto warn = limit(options.warning);
    if (!warn) return fail(warn.error());
    const auto crit = limit(options.critical);
    if (!crit) return fail(crit.error());
    if (!*warn && !*crit) return fail("--warning or --critical is required");

    constexpr std::int64_t an_hour = 3600;
    const auto extent = extent_of(options.span, context.now(), an_hour);
    if (!extent) return fail(extent.error());
    auto opened = open_history(context);
    if (!opened) return fail(opened.error());
    const auto known = opened->extent();
    if (!known) return fail(known.error());
    // A recorder that does not run sees nothing, which is not good news.
    const auto writes_every =
        std::int64_t{read_config(context.root).config.get<std::uint32_t>("recorder.write_interval")};
    const auto latest = std::max({std::int64_t{600}, 2 * writes_every, (extent->to - extent->from) / 2});
    if (known->to < extent->to - latest)
        return fail("the history ends " + seconds(static_cast<std::uint64_t>(extent->to - known->to)) +
                    " before the end of this time: is kmon-recorder running?");
    const Question question = {*table, *extent, By::all, View::all,
                               is_called(options.device, device_names(context.root))};
    const auto answer = ask(*opened, question);
    if (!answer) return fail(answer.error());
    // A known device that was silent is OK. An unknown one is probably misspelt.
    if (answer->lines.empty() && question.wanted) {
        bool known_device = false;
        const auto looked = opened->for_each_subject(table->module->name, [&](const Subject&, std::string_view json) {
            const auto labels = words_in(json);
            known_device = known_device || (!labels.empty() && question.wanted(labels.back()));
        });
        if (!looked) return fail(looked.error());
        if (!known_device) return fail("nothing is known about '" + printable(options.device) + "'");
    }
    // Nothing recorded is not good news.
    if (answer->seen == 0 && answer->lines.empty())
        return fail("nothing was recorded in this time: does kmon-recorder run?");
    if (!options.column.empty() && !answer->has[static_cast<std::size_t>(column - columns.begin())])
        return fail("'" + options.column + "' is not recorded: " + table->module->name +
                    " does not count it with its present settings");

    Check done;
    const bool bytes =
        options.column.empty() ? std::ranges::any_of(columns, &HistoryTable::Column::bytes) : column->bytes;
    done.value = options.column.empty() ? weight(*table->table, answer->total)
                                        : answer->total[static_cast<std::size_t>(column - columns.begin())];
    done.state = *crit && done.value > **crit ? critical : *warn && done.value > **warn ? warning : good;
    const auto name = options.device.empty() ? options.table : options.device;
    done.words = printable(name) + ": " + (bytes ? brief_bytes(done.value) : grouped(done.value)) + " in " +
                 seconds(static_cast<std::uint64_t>(answer->extent.to - answer->extent.from));
    const auto text = [](const std::optional<std::uint64_t>& number) { return number ? std::to_string(*number) : ""; };
    done.figures = (options.column.empty() ? (bytes ? "bytes" : columns.front().name) : options.column) + "=" +
                   std::to_string(done.value) + (bytes ? "B;" : ";") + text(*warn) + ";" + text(*crit) + ";0";
    return done;
}

Result<ExitCode> alert(Context& context, const Options& options) {
    auto done = check(context, options);
    if (!done) done = Check{unknown, done.error().what, 0, ""};
    const char* state = state_names[done->state];
    if (context.json)
        context.out << to_text({{"state", state}, {"words", done->words}, {"value", done->value}}) << '\n';
    else
        context.out << "KMON " << state << " - " << done->words << (done->figures.empty() ? "" : " | " + done->figures)
                    << '\n';
    return static_cast<ExitCode>(done->state);
}

} // namespace

std::string no_verdict_line(const std::string& why) { return "KMON UNKNOWN - " + why.substr(0, why.find('\n')) + '\n'; }

void add_alert(CLI::App& kmon, Context& context) {
    auto options = std::make_shared<Options>();
    auto& command = add_command(kmon, context, "alert", "Compare a sum from the history with limits, for Nagios",
                                [&context, options] { return alert(context, *options); });
    command.add_option("TABLE", options->table, "Which table (default: devices)")->check(CLI::IsMember(table_names()));
    add_span_options(command, options->span);
    command.add_option("--device", options->device, "Only this device: a MAC address, the start of one, or a name")
        ->type_name("DEVICE");
    command.add_option("--column", options->column, "Only this column: sent_bytes, received_bytes ...")
        ->type_name("NAME");
    command.add_option("-w,--warning", options->warning, "A sum above this is a warning: 500M, 10G, or a number")
        ->type_name("SIZE");
    command.add_option("-c,--critical", options->critical, "A sum above this is critical")->type_name("SIZE");
}

} // namespace kmon::cli
