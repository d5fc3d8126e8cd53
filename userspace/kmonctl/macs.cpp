// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <set>

#include "command.hpp"
#include "escape.hpp"
#include "format.hpp"
#include "modules/l2packet_counter.hpp"
#include "names.hpp"
#include "table.hpp"

namespace kmon::cli {

namespace {

struct Options {
    std::string sort = "frames";
    std::string address; // or the start of one, or a name; empty: all
};

struct Row {
    std::string interface;
    std::string name;   // see names.hpp
    std::string vendor; // of its network card
    bool counts_sent;
    L2View::Mac mac;
};

std::string found_in(const NamesByMac& names, const MacAddress& address) {
    const auto name = names.find(address);
    return name == names.end() ? std::string() : name->second;
}

std::vector<Row> rows_of(const L2View& view, const Root& root) {
    const auto names = device_names(root);
    std::set<MacAddress> all;
    for (const auto& interface : view.interfaces)
        for (const auto& mac : interface.macs)
            all.insert(mac.address);
    const auto made_by = vendors(root, all);
    std::vector<Row> rows;
    for (const auto& interface : view.interfaces)
        for (const auto& mac : interface.macs)
            rows.push_back({interface.name, found_in(names, mac.address), found_in(made_by, mac.address),
                            interface.counts_sent, mac});
    return rows;
}

// The best description that is known: name, or else vendor.
Cell calling(const Row& row) {
    constexpr std::size_t most = 16;
    if (!row.name.empty()) return text_cell(cut(printable(row.name), most), Style::strong);
    if (!row.vendor.empty()) return text_cell(cut(printable(row.vendor), most), Style::faint);
    return text_cell(is_randomised(row.mac.address) ? "(random)" : "", Style::faint);
}

void keep(std::vector<Row>& rows, std::string wanted) {
    if (wanted.empty()) return;
    std::ranges::transform(wanted, wanted.begin(), [](unsigned char c) { return std::tolower(c); });
    std::ranges::replace(wanted, '-', ':');
    std::erase_if(rows, [&](const Row& row) {
        auto name = row.name;
        std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
        std::ranges::replace(name, '-', ':');
        return !to_string(row.mac.address).starts_with(wanted) && name != wanted;
    });
}

void sort(std::vector<Row>& rows, const std::string& by) {
    const auto most_first = [&](auto figure) {
        std::ranges::stable_sort(rows, std::greater(), [figure](const Row& row) { return figure(row.mac); });
    };
    std::ranges::sort(rows, {}, [](const Row& row) { return row.mac.address; });
    if (by == "frames") most_first([](const L2View::Mac& mac) { return mac.packets + mac.tx_packets; });
    if (by == "bytes") most_first([](const L2View::Mac& mac) { return mac.bytes + mac.tx_bytes; });
    if (by == "seen") most_first([](const L2View::Mac& mac) { return mac.last_seen; });
}

Page page_of(const std::vector<Row>& rows, const Context& context) {
    const auto sent = std::ranges::any_of(rows, &Row::counts_sent);
    std::vector<Column> columns = {{"address", Column::left, 17},
                                   {.head = "name", .align = Column::left, .first_out = 1},
                                   {.head = "on", .align = Column::left, .first_out = 3},
                                   {"frames"},
                                   {"bytes"}};
    if (sent) columns.insert(columns.end(), {{.head = "sent", .first_out = 2}, {.head = "sent bytes", .first_out = 2}});
    columns.push_back({.head = "last seen", .first_out = 4});
    Table table(columns);
    const auto now = static_cast<std::uint64_t>(std::max<std::time_t>(context.now(), 0));
    for (const auto& row : rows) {
        const auto& mac = row.mac;
        std::vector<Cell> cells = {text_cell(to_string(mac.address)), calling(row), text_cell(printable(row.interface)),
                                   count_cell(mac.packets), bytes_cell(mac.bytes)};
        if (sent) cells.insert(cells.end(), {count_cell(mac.tx_packets), bytes_cell(mac.tx_bytes)});
        cells.push_back(text_cell(ago(mac.last_seen, now)));
        table.row(std::move(cells));
    }
    return table.page(context.columns, 0);
}

Json json_of(const std::vector<Row>& rows) {
    Json list = Json::array();
    for (const auto& row : rows) {
        list.push_back({{"mac", to_string(row.mac.address)},
                        {"name", row.name.empty() ? Json() : Json(row.name)},
                        {"vendor", row.vendor.empty() ? Json() : Json(row.vendor)},
                        {"interface", row.interface},
                        {"packets", row.mac.packets},
                        {"bytes", row.mac.bytes},
                        {"first_seen", row.mac.first_seen},
                        {"last_seen", row.mac.last_seen}});
        if (!row.counts_sent) continue;
        list.back()["tx_packets"] = row.mac.tx_packets;
        list.back()["tx_bytes"] = row.mac.tx_bytes;
    }
    return {{"macs", std::move(list)}};
}

Result<ExitCode> macs(Context& context, const Options& options) {
    const auto view = read_l2(context.root);
    if (!view) return fail(view.error());
    auto rows = rows_of(*view, context.root);
    keep(rows, options.address);
    sort(rows, options.sort);
    if (context.json) context.out << to_text(json_of(rows)) << '\n';
    if (rows.empty() && !options.address.empty())
        return fail("no address begins with or is named '" + printable(options.address) + "'");
    if (context.json) return ExitCode::ok;
    print(context.out, page_of(rows, context), context.colour);
    return ExitCode::ok;
}

} // namespace

void add_macs(CLI::App& kmon, Context& context) {
    auto options = std::make_shared<Options>();
    auto& command = add_command(kmon, context, "macs", "List the MAC addresses that were seen, or find one",
                                [&context, options] { return macs(context, *options); });
    command.add_option("ADDRESS", options->address, "An address, the beginning of one, or a name");
    command.add_option("--sort", options->sort, "Sort by frames (the default), bytes, seen or address")
        ->type_name("KEY")
        ->check(CLI::IsMember({"frames", "bytes", "seen", "address"}));
}

} // namespace kmon::cli
