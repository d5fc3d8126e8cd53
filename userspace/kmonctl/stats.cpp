// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <ctime>

#include "command.hpp"
#include "escape.hpp"
#include "format.hpp"
#include "host.hpp"
#include "local_time.hpp"
#include "number_text.hpp"
#include "stats_json.hpp"

namespace kmon::cli {

namespace {

// However wide the terminal is: this page goes into mails and tickets.
constexpr std::size_t page_columns = 80;

struct Options {
    std::string module; // empty: all
    std::size_t top = 5;
};

Page title(const Context& context, std::time_t now) {
    const auto host = read_host(context.root);
    const auto when = local_time(now, time_form);

    const auto name = " on " + printable(host.name);
    const auto kernel = "Linux " + printable(host.kernel);
    Page page = {Line(std::string("kmon ") + kmon::version, Style::strong).add(name)};
    if (page[0].columns() + 2 + kernel.size() <= page_columns)
        page[0].add(", " + kernel);
    else
        page.emplace_back(kernel);
    page.emplace_back(when + ", counts since each module was loaded", Style::faint);
    return page;
}

// The section of a module whose view could not be read.
Page missing(const Reading& reading) {
    Page page = {Line(reading.module->name, Style::heading)};
    page.push_back(Line("  ").add(reading.view.error().what, Style::warning));
    return page;
}

void show_text(Context& context, const Snapshot& snapshot, const Look& look) {
    auto page = title(context, look.now);
    for (const auto& reading : snapshot) {
        page.emplace_back();
        append(page, reading.view ? (*reading.view)->page(look) : missing(reading));
    }
    print(context.out, page, context.colour);
}

Snapshot read_modules(const Context& context, const std::string& only) {
    const auto progress = context.progress("reading what the modules counted");
    auto snapshot = take_snapshot(context.root);
    if (!only.empty()) std::erase_if(snapshot, [&](const Reading& reading) { return reading.module->name != only; });
    return snapshot;
}

// Nothing to show is an error; a part of it is not, unless it was asked for by name.
Result<int> stats(Context& context, const Options& options) {
    const auto now = context.now();
    const auto snapshot = read_modules(context, options.module);
    if (!any_readable(snapshot)) {
        if (snapshot.size() == 1) return fail(snapshot.front().view.error());
        return fail("no module is loaded", ExitCode::not_running, "kmonctl status tells why, and what to do");
    }
    if (context.json)
        context.out << to_text(stats_json(context.root, snapshot, now)) << '\n';
    else
        show_text(context, snapshot, {page_columns, context.unicode, now, options.top});
    return ExitCode::ok;
}

} // namespace

void add_stats(CLI::App& kmon, Context& context) {
    auto options = std::make_shared<Options>();
    auto& command = add_command(kmon, context, "stats", "Show what the modules counted",
                                [&context, options] { return stats(context, *options); });
    add_module_argument(command, options->module, "This module's only");
    command.add_option("--top", options->top, "MAC addresses to show of each interface, 5 if not given")
        ->type_name("N")
        ->transform(CLI::Validator(CountFrom{0}, ""));
}

} // namespace kmon::cli
