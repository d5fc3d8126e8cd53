// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <utility>

#include "command.hpp"
#include "escape.hpp"
#include "format.hpp"
#include "host.hpp"
#include "local_time.hpp"
#include "number_text.hpp"
#include "stats_json.hpp"
#include "stop_signals.hpp"
#include "table.hpp"
#include "top_model.hpp"

namespace kmon::cli {

namespace {

struct Options {
    std::string module; // empty: all
    std::size_t top = 5;
    double interval = 0; // seconds; 0: once
};

Page title(const Context& context, const Look& look) {
    const auto host = read_host(context.root);
    const auto when = local_time(look.now, time_form);

    const auto name = " on " + printable(host.name);
    const auto kernel = "Linux " + printable(host.kernel);
    Page page = {Line(std::string("kmon ") + kmon::version, Style::strong).add(name)};
    if (page[0].columns() + 2 + kernel.size() <= look.columns)
        page[0].add(", " + kernel);
    else
        page.emplace_back(kernel);
    page.emplace_back(when + ", counts since each module was loaded", Style::faint);
    return page;
}

// The section for a module whose view could not be read.
Page missing(const Reading& reading) {
    Page page = {Line(reading.module->name, Style::heading)};
    page.push_back(Line("  ").add(reading.view.error().what, Style::warning));
    return page;
}

void show_text(Context& context, const Snapshot& snapshot, const Look& look) {
    auto page = title(context, look);
    for (const auto& reading : snapshot) {
        page.emplace_back();
        append(page, reading.view ? (*reading.view)->page(look) : missing(reading));
    }
    print(context.out, fitted(page, look.columns), context.colour);
}

Snapshot read_modules(const Context& context, const std::string& only) {
    const auto progress = context.progress("reading what the modules counted");
    auto snapshot = take_snapshot(context.root);
    if (!only.empty()) std::erase_if(snapshot, [&](const Reading& reading) { return reading.module->name != only; });
    return snapshot;
}

// Having nothing to show is an error. A missing module is not, unless it was named.
Result<ExitCode> stats(Context& context, const Options& options) {
    const auto now = context.now();
    const auto snapshot = read_modules(context, options.module);
    if (!any_readable(snapshot)) {
        if (snapshot.size() == 1) return fail(snapshot.front().view.error());
        return fail(nothing_loaded());
    }
    if (context.json)
        context.out << to_text(stats_json(context.root, snapshot, now)) << '\n';
    else
        show_text(context, snapshot, {page_columns(context), context.unicode, now, options.top});
    return ExitCode::ok;
}

// ---- with --interval

Page rates_page(const TopModel& model, const Snapshot& snapshot, const Context& context) {
    Table table(
        {{"module", Column::left, 17}, {"", Column::left, 8}, {.head = "total", .first_out = 1}, {"per second"}});
    for (const auto& reading : snapshot) {
        if (!reading.view) {
            table.row({text_cell(reading.module->name, Style::strong), text_cell("missing", Style::warning)});
            continue;
        }
        bool first = true;
        for (const auto& figure : (*reading.view)->figures()) {
            const auto* rate = model.rate_of(reading.module->name, figure.name);
            const auto now = rate && rate->known() ? static_cast<std::uint64_t>(std::llround(rate->now())) : 0;
            table.row({text_cell(std::exchange(first, false) ? reading.module->name : "", Style::strong),
                       text_cell(figure.name), figure.bytes ? bytes_cell(figure.value) : count_cell(figure.value),
                       !rate || !rate->known() ? text_cell("-")
                       : figure.bytes          ? bytes_cell(now)
                                               : count_cell(now)});
        }
    }
    auto page = table.page(context.columns, 0);
    page.insert(page.begin(), Line(local_time(context.now(), time_form), Style::faint));
    page.emplace_back();
    return page;
}

Json totals_json(const TopModel& model, const Snapshot& snapshot) {
    Json json = Json::object();
    for (const auto& reading : snapshot) {
        if (!reading.view) continue;
        for (const auto& figure : (*reading.view)->figures()) {
            const auto* rate = model.rate_of(reading.module->name, figure.name);
            json[reading.module->name][json_name(figure.name)] = {
                {"total", figure.value}, {"per_second", rate && rate->known() ? Json(rate->now()) : Json()}};
        }
    }
    return json;
}

// Prints totals and rates each interval, until stopped or until nobody reads the output.
Result<ExitCode> stats_again(Context& context, const Options& options) {
    using Clock = std::chrono::steady_clock;
    const auto interval = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.interval));
    const StopSignals signals;
    TopModel model;
    auto last = Clock::now();
    for (bool reader = true; reader && context.out;) {
        const auto now = Clock::now();
        const auto snapshot = read_modules(context, options.module);
        if (!any_readable(snapshot)) return fail(nothing_loaded());
        model.take(snapshot, std::chrono::duration<double>(now - last).count());
        last = now;
        if (context.json)
            context.out << to_text({{"timestamp", context.now()}, {"modules", totals_json(model, snapshot)}}, -1)
                        << '\n';
        else
            print(context.out, rates_page(model, snapshot, context), context.colour);
        context.out.flush();
        while (reader && !StopSignals::came() && Clock::now() < now + interval)
            reader = wait_with_reader(std::chrono::milliseconds(50), context.out_descriptor);
        if (StopSignals::came()) break;
    }
    return ExitCode::ok;
}

} // namespace

void add_stats(CLI::App& kmon, Context& context) {
    auto options = std::make_shared<Options>();
    auto& command = add_command(kmon, context, "stats", "Show what the modules counted", [&context, options] {
        return options->interval > 0 ? stats_again(context, *options) : stats(context, *options);
    });
    add_module_argument(command, options->module, "Only this module");
    command.add_option("--top", options->top, "MAC addresses to show for each interface (default 5)")
        ->type_name("N")
        ->transform(CLI::Validator(CountFrom{0}, ""));
    command.add_option("-i,--interval", options->interval, "Show totals and rates at this interval until Ctrl-C")
        ->type_name("SECONDS")
        ->transform(CLI::Validator(DecimalBetween{0.1, 86400}, ""));
}

} // namespace kmon::cli
