// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <cctype>
#include <utility>

#include "command.hpp"
#include "escape.hpp"
#include "format.hpp"
#include "graph.hpp"
#include "history_span.hpp"
#include "local_time.hpp"
#include "number_text.hpp"
#include "table.hpp"

namespace kmon::cli {

namespace {

using namespace history;

constexpr std::size_t bar_columns = 10;
constexpr std::size_t lines_shown = 20;

struct Options {
    Request request;
    bool csv = false;
};

// The time format for the start of a period.
const char* form_of(By by) {
    switch (by) {
    case By::interval: return "%Y-%m-%d %H:%M:%S";
    case By::day: return "%Y-%m-%d";
    case By::month: return "%Y-%m";
    default: return "%Y-%m-%d %H:%M";
    }
}

const char* heading_of(By by) {
    return by == By::hour ? "hour" : by == By::day ? "day" : by == By::month ? "month" : "time";
}

std::string in_capitals(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
    return text;
}

// What is shown beside a device's address: its name, or whatever else is known about it.
class Callings {
public:
    Callings(const Context& context, const NamesByMac& names, const Answer& answer) : names_(names) {
        std::set<MacAddress> nameless;
        for (const auto& line : answer.lines)
            if (!line.labels.empty())
                if (const auto mac = parse_any_mac(line.labels.back()); mac && !names.contains(*mac))
                    nameless.insert(*mac);
        if (nameless.empty()) return;
        addresses_ = context.neighbours();
        vendors_ = vendors(context.root, nameless);
    }

    Cell cell(const std::string& label) const {
        const auto mac = parse_any_mac(label);
        if (!mac) return text_cell("");
        const auto in = [&](const NamesByMac& names) {
            const auto known = names.find(*mac);
            return known == names.end() ? std::string() : cut(printable(known->second), 16);
        };
        if (auto name = in(names_); !name.empty()) return text_cell(std::move(name), Style::strong);
        if (auto address = in(addresses_); !address.empty()) return text_cell(std::move(address), Style::faint);
        if (auto vendor = in(vendors_); !vendor.empty()) return text_cell(std::move(vendor), Style::faint);
        return text_cell(is_randomised(*mac) ? "(random)" : "", Style::faint);
    }

private:
    const NamesByMac& names_;
    NamesByMac addresses_;
    NamesByMac vendors_;
};

// ---- a page

class HistoryPage {
public:
    HistoryPage(const Context& context, const Answer& answer, const Callings& callings, By by)
        : context_(context), answer_(answer), table_(*answer.table.table), callings_(callings), by_(by),
          mac_(!table_.labels.empty() && table_.labels.back() == "mac"), one_first_label_(one_first_label()) {}

    Page make() const {
        Page page = {heading()};
        if (answer_.lines.empty()) {
            page.emplace_back("  nothing was counted in this time", Style::faint);
        } else {
            Table table(columns());
            if (by_ == By::all)
                add_whole(table);
            else
                add_periods(table);
            append(page, table.page(page_columns(context_), 0));
            if (answer_.left_out)
                page.emplace_back("and " + grouped(answer_.left_out) + " more, included in the total", Style::faint);
        }
        const auto length = answer_.extent.to - answer_.extent.from;
        if (const auto gap = length - answer_.seen; gap > 0)
            page.emplace_back("Not observed: " + seconds(static_cast<std::uint64_t>(gap)) + " of " +
                                  seconds(static_cast<std::uint64_t>(length)) +
                                  "; only the sum is known for that time.",
                              Style::faint);
        return fitted(page, page_columns(context_));
    }

private:
    kmon::Line heading() const {
        auto words = "  " + local_time(answer_.extent.from, "%Y-%m-%d %H:%M:%S") + " to " +
                     local_time(answer_.extent.to, "%Y-%m-%d %H:%M:%S");
        if (one_first_label_) words = "  " + printable(*one_first_label_) + "," + words.substr(1);
        return kmon::Line(in_capitals(table_.name), Style::heading).add(words, Style::faint);
    }

    // If there are two labels and the first is the same in every line, it goes into the heading.
    std::optional<std::string> one_first_label() const {
        if (table_.labels.size() < 2 || answer_.lines.empty()) return std::nullopt;
        const auto& first = answer_.lines.front().labels.front();
        for (const auto& line : answer_.lines)
            if (line.labels.front() != first) return std::nullopt;
        return first;
    }

    std::vector<Column> columns() const {
        std::vector<Column> columns;
        if (by_ != By::all) columns.push_back({heading_of(by_), Column::left});
        for (std::size_t i = one_first_label_ ? 1 : 0; i < table_.labels.size(); ++i) {
            auto head = table_.labels[i];
            std::ranges::replace(head, '_', ' ');
            columns.push_back({head, Column::left});
        }
        if (mac_) columns.push_back({.head = "name", .align = Column::left, .first_out = 1});
        for (std::size_t i = 0; i < table_.columns.size(); ++i)
            if (!table_.columns[i].head.empty()) columns.push_back({table_.columns[i].head});
        if (by_ == By::all) columns.push_back({.head = "share", .at_least = 6, .first_out = 2});
        columns.push_back({.head = "", .align = Column::left, .first_out = 3}); // the bar
        return columns;
    }

    std::vector<Cell> cells(const std::vector<std::string>& labels, const std::vector<std::uint64_t>& values,
                            std::uint64_t whole, std::uint64_t largest) const {
        std::vector<Cell> cells;
        for (std::size_t i = one_first_label_ ? 1 : 0; i < table_.labels.size(); ++i)
            cells.push_back(text_cell(i < labels.size() ? printable(labels[i]) : ""));
        if (mac_) cells.push_back(labels.empty() ? text_cell("") : callings_.cell(labels.back()));
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (table_.columns[i].head.empty()) continue;
            cells.push_back(!answer_.has[i]           ? text_cell("-")
                            : table_.columns[i].bytes ? bytes_cell(values[i])
                                                      : count_cell(values[i]));
        }
        const auto size = weight(table_, values);
        if (by_ == By::all) cells.push_back(text_cell(percent(size, whole)));
        cells.push_back(
            text_cell(bar(static_cast<double>(size), static_cast<double>(largest), bar_columns, context_.unicode),
                      Style::accent));
        return cells;
    }

    void add_whole(Table& table) const {
        const auto whole = weight(table_, answer_.total);
        const auto largest = weight(table_, answer_.lines.front().values);
        for (const auto& line : answer_.lines)
            table.row(cells(line.labels, line.values, whole, largest));
        if (answer_.lines.size() > 1 || answer_.left_out > 0) table.row(total_cells(answer_.total));
    }

    std::vector<Cell> total_cells(const std::vector<std::uint64_t>& total) const {
        std::vector<std::string> labels(table_.labels.size());
        labels[one_first_label_ ? 1 : 0] = "total";
        auto row = cells(labels, total, 0, 0);
        row[row.size() - 1] = {};
        if (by_ == By::all) row[row.size() - 2] = {};
        return row;
    }

    // Adds the lines of every period, without a share: the room is needed for unabbreviated numbers.
    void add_periods(Table& table) const {
        std::uint64_t largest = 0;
        for (const auto& period : answer_.periods)
            for (const auto& line : period.lines)
                largest = std::max(largest, weight(table_, line.values));
        for (const auto& period : answer_.periods) {
            std::string when = local_time(period.from, form_of(by_));
            for (const auto& line : period.lines) {
                auto row = cells(answer_.lines[line.line].labels, line.values, weight(table_, period.total), largest);
                row.insert(row.begin(), text_cell(std::exchange(when, "")));
                table.row(std::move(row));
            }
        }
        auto row = total_cells(answer_.total);
        row.insert(row.begin(), text_cell("total"));
        if (row.size() > 1) row[1] = text_cell("");
        table.row(std::move(row));
    }

    const Context& context_;
    const Answer& answer_;
    const HistoryTable& table_;
    const Callings& callings_;
    By by_;
    bool mac_;
    std::optional<std::string> one_first_label_;
};

// ---- CSV (RFC 4180)

std::string csv_cell(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char c : text)
        quoted += c == '"' ? "\"\"" : std::string(1, c);
    return quoted + "\"";
}

void print_csv(std::ostream& out, const Answer& answer, const NamesByMac& names) {
    const auto& table = *answer.table.table;
    const bool mac = !table.labels.empty() && table.labels.back() == "mac";
    out << "from,to";
    for (const auto& label : table.labels)
        out << ',' << label;
    if (mac) out << ",name";
    for (const auto& column : table.columns)
        out << ',' << column.name;
    out << "\r\n";
    const auto print_line = [&](Seconds from, Seconds to, const std::vector<std::string>& labels,
                                const std::vector<std::uint64_t>& values) {
        constexpr const char* form = "%Y-%m-%dT%H:%M:%S%z";
        out << local_time(from, form) << ',' << local_time(to, form);
        for (std::size_t i = 0; i < table.labels.size(); ++i)
            out << ',' << (i < labels.size() ? csv_cell(labels[i]) : "");
        if (mac) {
            const auto address = parse_any_mac(labels.back());
            const auto name = address ? names.find(*address) : names.end();
            out << ',' << (name == names.end() ? "" : csv_cell(name->second));
        }
        for (std::size_t i = 0; i < values.size(); ++i) {
            out << ',';
            if (answer.has[i]) out << values[i];
        }
        out << "\r\n";
    };
    if (answer.periods.empty())
        for (const auto& line : answer.lines)
            print_line(answer.extent.from, answer.extent.to, line.labels, line.values);
    for (const auto& period : answer.periods)
        for (const auto& line : period.lines)
            print_line(period.from, period.to, answer.lines[line.line].labels, line.values);
}

// ----

Result<ExitCode> show(Context& context, const Options& options) {
    const auto names = device_names(context.root);
    auto question = question_of(options.request, names, context.now());
    if (!question) return fail(question.error());
    auto opened = open_history(context);
    if (!opened) return fail(opened.error());
    if (!options.request.top && !context.json && !options.csv) question->top = lines_shown;
    const auto answer = ask(*opened, *question);
    if (!answer) return fail(answer.error());

    if (options.csv) {
        print_csv(context.out, *answer, names);
    } else if (context.json) {
        context.out << to_text(to_json(*answer, name_in(names))) << '\n';
    } else {
        const Callings callings(context, names, *answer);
        print(context.out, HistoryPage(context, *answer, callings, question->by).make(), context.colour);
    }
    if (answer->lines.empty() && !options.request.device.empty())
        return fail("nothing is known about '" + printable(options.request.device) + "' in this time");
    return ExitCode::ok;
}

} // namespace

void add_history(CLI::App& kmon, Context& context) {
    auto options = std::make_shared<Options>();
    auto& command = add_command(kmon, context, "history", "Show which device used how much, and when",
                                [&context, options] { return show(context, *options); });
    auto& request = options->request;
    command.add_option("TABLE", request.table, "Which table (default: devices)")->check(CLI::IsMember(table_names()));
    add_span_options(command, request.time);
    command.add_option("--by", request.by, "Show each hour, day or month; or finer, each 5min or interval")
        ->type_name("PERIOD")
        ->check(CLI::IsMember(by_words()));
    command.add_option("--top", request.top, "Show the N largest (default 20; with --json or --csv all)")
        ->type_name("N")
        ->transform(CLI::Validator(CountFrom{1}, ""));
    command.add_option("--device", request.device, "Only this device: a MAC address, the start of one, or a name")
        ->type_name("DEVICE");
    command.add_flag("--csv", options->csv, "Print CSV instead of text")->excludes(command.get_option("--json"));
}

} // namespace kmon::cli
