// SPDX-License-Identifier: GPL-2.0-only
#include "top_page.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <initializer_list>
#include <utility>

#include "escape.hpp"
#include "exit_rows.hpp"
#include "format.hpp"
#include "graph.hpp"
#include "joined.hpp"
#include "table.hpp"

namespace kmon::cli {

namespace {

constexpr std::size_t least_rows = 24;
constexpr std::size_t least_columns = 80;
constexpr std::size_t gap = 3; // between panels
constexpr const char* between_keys = "   ";

std::uint64_t whole(double value) { return static_cast<std::uint64_t>(std::llround(value)); }

std::string rate_text(double rate) { return brief(whole(rate)) + "/s"; }
std::string bytes_rate_text(double rate) { return brief_bytes(whole(rate)) + "/s"; }

Line title(const TopModel& model, const TopLook& look) {
    Line line("kmonctl top", Style::strong);
    line.add("  " + printable(look.host) + "  " + look.time + ", every " + look.interval, Style::faint);
    if (model.exits_lost) line.add("  " + grouped(model.exits_lost) + " exits lost", Style::warning);
    return line.limit(look.columns);
}

// Rows with a module's name, a rate, its peak, and a graph.
class RateRows {
public:
    RateRows(const TopLook& look, Page& page) : look_(look), page_(page) {
        Line head;
        head.fill(now_at).add(at_right("now", 11), Style::faint);
        head.add(at_right("peak", 13), Style::faint).fill(graph_at).add("history", Style::faint);
        page_.push_back(head.limit(look.columns));
    }

    void add(const std::string& module, const std::string& what, const Rate& rate, bool bytes) {
        Line line(module, Style::strong);
        line.fill(name_columns).add(what).fill(now_at);
        const auto text = [bytes](double value) { return bytes ? bytes_rate_text(value) : rate_text(value); };
        line.add(at_right(rate.known() ? text(rate.now()) : "-", 11));
        line.add(at_right(rate.history().empty() ? "-" : text(rate.peak()), 13), Style::faint).fill(graph_at);
        line.add(sparkline(rate.history(), look_.columns - graph_at, look_.unicode), Style::accent);
        page_.push_back(line.limit(look_.columns));
    }

    void add_missing(const std::string& module, const Error& error) {
        Line line(module, Style::strong);
        line.fill(name_columns).add(error.code == ExitCode::not_running ? "not loaded" : error.what, Style::warning);
        page_.push_back(line.limit(look_.columns));
        page_.emplace_back();
    }

private:
    static constexpr std::size_t name_columns = 19;
    static constexpr std::size_t now_at = 28;
    static constexpr std::size_t graph_at = 54;

    const TopLook& look_;
    Page& page_;
};

Page rates(const TopModel& model, const TopLook& look) {
    Page page;
    RateRows rows(look, page);
    for (const auto& module : model.rates) {
        if (module.missing) {
            rows.add_missing(module.module, *module.missing);
            continue;
        }
        bool first = true;
        for (const auto& figure : module.figures)
            rows.add(std::exchange(first, false) ? module.module : "", figure.name, figure.rate, figure.bytes);
    }
    return page;
}

struct Size {
    std::size_t rows;
    std::size_t columns;
};

// Cuts a panel to its size, so that panels can be placed side by side.
Page panel(const std::string& title, Page body, Size size) {
    body.insert(body.begin(), Line(title, Style::heading));
    body.resize(size.rows);
    for (auto& line : body)
        line.limit(size.columns);
    return body;
}

std::string in_small_letters(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

// Does one of its names match the filter?
bool passes(const TopLook& look, std::initializer_list<std::string> names) {
    if (look.filter.empty()) return true;
    const auto wanted = in_small_letters(look.filter);
    return std::ranges::any_of(
        names, [&](const auto& name) { return in_small_letters(name).find(wanted) != std::string::npos; });
}

Page note(const std::string& text) { return {Line(text, Style::faint)}; }

const char* nothing(const TopLook& look) { return look.filter.empty() ? "none yet" : "none match the filter"; }

Page mac_panel(const TopModel& model, const TopLook& look, Size size) {
    const bool wide = size.columns >= 60;
    std::vector<Column> columns = {{"address", Column::left, 17}, {"on", Column::left}};
    columns.push_back({model.by_bytes && !wide ? "bytes/s" : "frames/s"});
    if (wide) columns.insert(columns.end(), {{"bytes/s"}, {.head = "frames", .first_out = 1}});
    Table table(std::move(columns));
    for (const auto& mac : model.macs) {
        if (table.rows() + 2 >= size.rows) break;
        const auto known = model.names.find(mac.address);
        const auto name = known == model.names.end() ? std::string() : known->second;
        const auto address = to_string(mac.address);
        if (!passes(look, {address, name, mac.interface})) continue;
        // The name replaces the address, cut to the same width: there is no room for both.
        std::vector<Cell> cells = {name.empty() ? text_cell(address) : text_cell(cut(printable(name), address.size())),
                                   text_cell(printable(mac.interface))};
        const auto frames = text_cell(brief(whole(mac.frames)));
        const auto bytes = text_cell(brief_bytes(whole(mac.bytes)));
        if (wide)
            cells.insert(cells.end(), {frames, bytes, count_cell(mac.total)});
        else
            cells.push_back(model.by_bytes ? bytes : frames);
        table.row(std::move(cells));
    }
    return panel("TOP MACS", table.rows() == 0 ? note(nothing(look)) : table.page(size.columns, 0), size);
}

Page interface_panel(const TopModel& model, const TopLook& look, Size size) {
    Table table({{"interface", Column::left}, {"rx/s"}, {"tx/s"}, {"faults"}});
    for (const auto& interface : model.interfaces) {
        if (table.rows() + 2 >= size.rows) break;
        if (!passes(look, {interface.name})) continue;
        table.row({text_cell(printable(interface.name)),
                   text_cell(brief_bytes(whole(interface.rx_bytes))),
                   text_cell(brief_bytes(whole(interface.tx_bytes))),
                   {brief(interface.faults), "", interface.faults ? Style::warning : Style::plain}});
    }
    return panel("INTERFACES", table.rows() == 0 ? note(nothing(look)) : table.page(size.columns, 0), size);
}

Page exit_panel(const TopModel& model, const TopLook& look, Size size) {
    const bool wide = size.columns >= 60;
    std::vector<Column> columns = {{"time", Column::left}, {"pid"}, {"name", Column::left, 8}, {"ended", Column::left}};
    if (wide) columns.insert(columns.end(), {{"lifetime"}, {"CPU"}});
    Table table(std::move(columns));
    for (const auto& record : model.latest_exits) {
        if (table.rows() + 2 >= size.rows) break;
        if (!passes(look, {record.name, std::to_string(record.tgid)})) continue;
        std::vector<Cell> cells = {
            text_cell(time_of_end(record, look.to_wall, wide), Style::faint), text_cell(std::to_string(record.tgid)),
            text_cell(cut(printable(record.name), wide ? 15 : 10)), text_cell(how_it_ended(record), style_of(record))};
        if (wide)
            cells.insert(cells.end(), {text_cell(duration(record.lifetime_ns)), text_cell(duration(record.cpu_ns()))});
        table.row(std::move(cells));
    }
    const auto empty = note(model.exits_missing.empty() ? nothing(look) : model.exits_missing);
    return panel("LATEST EXITS", table.rows() == 0 ? empty : table.page(size.columns, 0), size);
}

// Panels of the same number of rows, side by side.
Page beside(const std::vector<Page>& panels, const std::vector<std::size_t>& columns) {
    Page page;
    for (std::size_t row = 0; row < panels.front().size(); ++row) {
        Line line;
        std::size_t start = 0;
        for (std::size_t i = 0; i < panels.size(); ++i) {
            line.fill(start).add(panels[i][row]);
            start += columns[i] + gap;
        }
        page.push_back(std::move(line));
    }
    return page;
}

Page panels(const TopModel& model, const TopLook& look, std::size_t rows) {
    if (look.columns < 160) {
        const std::size_t left = look.columns * 38 / 80;
        const std::size_t right_columns = look.columns - left - gap;
        const Size size = {rows, left};
        return beside({look.interfaces ? interface_panel(model, look, size) : mac_panel(model, look, size),
                       exit_panel(model, look, {rows, right_columns})},
                      {left, right_columns});
    }
    const std::size_t third = (look.columns - 2 * gap) / 3;
    return beside({mac_panel(model, look, {rows, third}), interface_panel(model, look, {rows, third}),
                   exit_panel(model, look, {rows, third})},
                  {third, third, third});
}

// One line per figure, for 40 columns.
Page small_page(const TopModel& model, const TopLook& look) {
    Page page = {title(model, look)};
    for (const auto& module : model.rates) {
        if (module.missing) {
            page.push_back(Line(module.module, Style::strong).fill(18).add("not loaded", Style::warning));
            continue;
        }
        bool first = true;
        for (const auto& figure : module.figures) {
            const auto now = figure.rate.now();
            const auto text = !figure.rate.known() ? "-" : figure.bytes ? bytes_rate_text(now) : rate_text(now);
            page.push_back(Line(std::exchange(first, false) ? module.module : "", Style::strong)
                               .fill(18)
                               .add(figure.name)
                               .fill(27)
                               .add(at_right(text, 11)));
        }
    }
    return page;
}

Page help_page() {
    Page page = {Line("kmonctl top: the keys", Style::strong), Line()};
    for (const auto& [key, words] :
         {std::pair("p", "pause, or continue"), std::pair("+ -", "measure more often, less often"),
          std::pair("s", "sort addresses by frames or bytes"), std::pair("i", "interfaces instead of addresses"),
          std::pair("/", "filter by name; Enter keeps, Esc clears"), std::pair("?", "this help"),
          std::pair("q", "quit")})
        page.push_back(Line("  ").add(key, Style::strong).fill(7).add(words));
    return page;
}

// The line at the bottom, if there is one.
Page footer(const TopLook& look) {
    if (look.typing) return {Line("filter: " + printable(look.filter) + "_", Style::strong).limit(look.columns)};
    if (look.keys.empty()) return {};
    const auto filter = look.filter.empty() ? std::string() : "filter: " + printable(look.filter) + between_keys;
    auto keys = look.keys;
    constexpr std::size_t staying = 2;
    while (keys.size() > staying && width(filter) + width(joined(keys, between_keys)) > look.columns)
        keys.erase(keys.end() - static_cast<std::ptrdiff_t>(staying) - 1);
    return {Line(filter, Style::strong).add(joined(keys, between_keys), Style::faint).limit(look.columns)};
}

} // namespace

Page top_page(const TopModel& model, const TopLook& look) {
    const bool small = look.rows < least_rows || look.columns < least_columns;
    if (look.help || small) {
        auto page = look.help ? help_page() : small_page(model, look);
        const auto last = footer(look);
        const bool room = !look.help && page.size() + last.size() <= look.rows;
        page.resize(look.rows);
        if (room && !last.empty()) page.back() = last.front();
        for (auto& line : page)
            line.limit(look.columns);
        return page;
    }
    Page page = {title(model, look)};
    page.emplace_back();
    if (model.readings() > 0) append(page, rates(model, look));
    // However many modules there are, leave room for the panels.
    page.resize(std::min(page.size(), look.rows - 4));
    page.emplace_back();
    const auto last = footer(look);
    append(page, panels(model, look, look.rows - page.size() - last.size()));
    append(page, last);
    return page;
}

} // namespace kmon::cli
