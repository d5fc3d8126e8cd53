// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <ctime>

#include "command.hpp"
#include "escape.hpp"
#include "format.hpp"
#include "host.hpp"
#include "local_time.hpp"
#include "number_text.hpp"
#include "stats_page.hpp"
#include "view_json.hpp"

namespace kmon::cli {

namespace {

// However wide the terminal is: this page goes into mails and tickets.
constexpr std::size_t page_columns = 80;

struct Options {
    std::string module; // empty: all
    std::size_t top = 5;
};

// One module of the five: its name, and its section or its JSON, or why there is none.
struct Section {
    const char* module;
    Result<Page> page;
    Result<Json> json;
};

template <class View, class... More>
Section section(const char* module, const Result<View>& view, const Look& look, const More&... more) {
    if (!view) return {module, fail(view.error()), fail(view.error())};
    return {module, stats_of(*view, more..., look), to_json(*view)};
}

std::vector<Section> read_sections(const Context& context, const Look& look) {
    const auto progress = context.progress("reading what the modules counted");
    const auto snapshot = take_snapshot(context.root);
    return {
        section("localhost_monitor", snapshot.localhost, look),
        section("l2packet_counter", snapshot.l2, look),
        section("kstat", snapshot.kstat, look),
        section("netmon_proc", snapshot.netmon, look, loaded_version(context.root, "netmon_proc")),
        section("process_monitor", snapshot.process, look),
    };
}

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

void show_text(Context& context, const std::vector<Section>& sections, Page page) {
    for (const auto& section : sections) {
        page.emplace_back();
        append(page, section.page ? *section.page : stats_missing(section.module, section.page.error()));
    }
    print(context.out, page, context.colour);
}

void show_json(Context& context, const std::vector<Section>& sections, std::time_t now) {
    const auto host = read_host(context.root);
    Json modules = Json::object();
    for (const auto& section : sections) {
        if (section.json)
            modules[section.module] = *section.json;
        else
            modules[section.module] = {{"error", section.json.error().what}};
    }
    context.out << to_text({{"kmon", kmon::version},
                            {"host", host.name},
                            {"kernel", host.kernel},
                            {"timestamp", now},
                            {"modules", std::move(modules)}})
                << '\n';
}

// Nothing to show is an error; a part of it is not, unless it was asked for by name.
Result<int> stats(Context& context, const Options& options) {
    const auto now = context.now();
    auto sections = read_sections(context, {page_columns, context.unicode, now, options.top});
    if (!options.module.empty()) std::erase_if(sections, [&](const Section& s) { return s.module != options.module; });

    const auto readable =
        std::find_if(sections.begin(), sections.end(), [](const Section& s) { return s.page.has_value(); });
    if (readable == sections.end()) {
        if (sections.size() == 1) return fail(sections.front().page.error());
        return fail("no module is loaded", ExitCode::not_running, "kmonctl status tells why, and what to do");
    }
    if (context.json)
        show_json(context, sections, now);
    else
        show_text(context, sections, title(context, now));
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
