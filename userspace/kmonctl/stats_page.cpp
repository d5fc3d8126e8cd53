// SPDX-License-Identifier: GPL-2.0-only
#include "stats_page.hpp"

#include <algorithm>
#include <map>

#include "escape.hpp"
#include "format.hpp"
#include "graph.hpp"
#include "table.hpp"

namespace kmon::cli {

namespace {

// "LOOPBACK  localhost_monitor 1.0.0, WORDS"
Line heading(const std::string& title, const std::string& module, const std::string& words) {
    return Line(title, Style::heading).add("  " + module + " " + printable(words), Style::faint);
}

const char* upper(const std::string& protocol) {
    static const std::map<std::string, const char*> names = {{"tcp", "TCP"}, {"udp", "UDP"}, {"icmp", "ICMP"}};
    const auto name = names.find(protocol);
    return name == names.end() ? nullptr : name->second;
}

// For the middle of a sentence.
std::string number(std::uint64_t value) { return value < 1'000'000'000 ? grouped(value) : brief(value); }

// TCP of both IP versions is one row, and so are ICMP and ICMPv6.
std::string row_name(const std::string& protocol) {
    const std::string family = protocol == "icmpv6" ? "icmp" : protocol;
    const char* name = upper(family);
    return name ? name : printable(family);
}

struct ProtocolRow {
    std::string name;
    std::uint64_t packets[2] = {}; // IPv4, IPv6
    std::uint64_t segments = 0;
    std::uint64_t bytes = 0;
};

std::vector<ProtocolRow> protocol_rows(const LocalhostView& view) {
    std::vector<ProtocolRow> rows;
    ProtocolRow total{.name = "total"};
    for (const auto& protocol : view.protocols) {
        const auto name = row_name(protocol.name);
        auto row = std::find_if(rows.begin(), rows.end(), [&](const auto& r) { return r.name == name; });
        if (row == rows.end()) row = rows.insert(rows.end(), ProtocolRow{.name = name});
        for (auto* sum : {&*row, &total}) {
            sum->packets[protocol.ip_version == 6] += protocol.packets;
            sum->segments += protocol.segments;
            sum->bytes += protocol.bytes;
        }
    }
    rows.push_back(std::move(total));
    return rows;
}

Page size_histogram(const LocalhostView& view, const Look& look) {
    std::uint64_t largest = 0;
    for (const auto& size : view.sizes)
        largest = std::max(largest, size.packets);

    Table table({{"bytes", Column::left, 10}, {"packets"}, {"share", Column::right, 6}, {"", Column::left}});
    for (const auto& size : view.sizes)
        table.row({text_cell(printable(size.range)), count_cell(size.packets),
                   text_cell(percent(size.packets, view.packets)),
                   text_cell(bar(static_cast<double>(size.packets), static_cast<double>(largest), 32, look.unicode),
                             Style::accent)});
    return table.page(look.columns);
}

std::string age(std::uint64_t then, std::time_t now) {
    const auto at = static_cast<std::uint64_t>(now > 0 ? now : 0);
    return then >= at ? "now" : seconds(at - then) + " ago";
}

Page top_macs(const L2View::Interface& interface, const Look& look) {
    auto macs = interface.macs;
    const auto shown = std::min(look.top, macs.size());
    const auto last_shown = macs.begin() + static_cast<std::ptrdiff_t>(shown);
    std::partial_sort(macs.begin(), last_shown, macs.end(), [](const auto& a, const auto& b) {
        return a.packets != b.packets ? a.packets > b.packets : a.address < b.address;
    });

    Table table({{printable(interface.name), Column::left, 17},
                 {"frames"},
                 {"bytes"},
                 {"share", Column::right, 6},
                 {"last seen"}});
    for (auto mac = macs.begin(); mac != last_shown; ++mac)
        table.row({text_cell(to_string(mac->address)), count_cell(mac->packets), bytes_cell(mac->bytes),
                   text_cell(percent(mac->packets, interface.packets)), text_cell(age(mac->last_seen, look.now))});
    auto page = table.page(look.columns);
    if (macs.size() > shown) page.emplace_back("  and " + grouped(macs.size() - shown) + " more", Style::faint);
    return page;
}

std::string every(std::uint64_t interval) {
    return interval ? "text view reset every " + seconds(interval) : "text view never reset by itself";
}

} // namespace

Page stats_of(const LocalhostView& view, const Look& look) {
    Page page = {
        heading("LOOPBACK", "localhost_monitor", view.version + (view.all_netns ? ", every network namespace" : ""))};
    Table table({{"", Column::left, 10}, {"IPv4"}, {"IPv6"}, {"packets"}, {"segments"}, {"bytes"}});
    for (const auto& row : protocol_rows(view))
        table.row({text_cell(row.name), count_cell(row.packets[0]), count_cell(row.packets[1]),
                   count_cell(row.packets[0] + row.packets[1]), count_cell(row.segments), bytes_cell(row.bytes)});
    append(page, table.page(look.columns));
    page.emplace_back();
    append(page, size_histogram(view, look));
    return page;
}

Page stats_of(const L2View& view, const Look& look) {
    Page page = {heading("FRAMES BY SOURCE MAC", "l2packet_counter", view.version + ", " + every(view.reset_interval))};
    if (view.interfaces.empty()) {
        page.emplace_back("  no interface is watched", Style::faint);
        return page;
    }
    Table table({{"interface", Column::left, 17}, {"frames"}, {"bytes"}, {"MACs"}, {"untracked"}, {"evicted"}});
    for (const auto& interface : view.interfaces)
        table.row({interface.waiting ? text_cell(printable(interface.name) + " (waiting)", Style::warning)
                                     : text_cell(printable(interface.name)),
                   count_cell(interface.packets), bytes_cell(interface.bytes), count_cell(interface.macs.size()),
                   fault_cell(interface.untracked_packets), count_cell(interface.evicted_packets)});
    append(page, table.page(look.columns));
    for (const auto& interface : view.interfaces) {
        if (interface.macs.empty() || look.top == 0) continue;
        page.emplace_back();
        append(page, top_macs(interface, look));
    }
    return page;
}

Page stats_of(const KstatView& view, const Look& look) {
    const std::string state = (view.running ? ", counting" : ", stopped (kmonctl start)") +
                              (", published in steps of " + grouped(view.counter));
    Page page = {
        heading("OUTGOING TCP", "kstat", view.version + state + (view.all_netns ? ", every network namespace" : ""))};
    Table table({{"", Column::left, 10}, {"packets"}, {"segments"}});
    for (const auto& family : view.families)
        table.row({text_cell("IPv" + std::to_string(family.ip_version)), count_cell(family.packets),
                   count_cell(family.segments)});
    table.row({text_cell("total"), count_cell(view.packets), count_cell(view.segments)});
    table.row({text_cell("published"), count_cell(view.published)});
    append(page, table.page(look.columns));
    return page;
}

Page stats_of(const NetmonView& view, const std::string& version, const Look& look) {
    Page page = {heading("INTERFACES", "netmon_proc", version)};
    Table table({{"", Column::left, 15}, {"", Column::left}, {"bytes"}, {"packets"}, {"errors"}, {"dropped"}});
    for (const auto& i : view.interfaces) {
        const auto name = printable(i.name);
        if (!i.error.empty()) {
            table.row({text_cell(name), {}, text_cell(printable(i.error), Style::warning)});
            continue;
        }
        table.row({text_cell(name), text_cell("rx"), bytes_cell(i.rx_bytes), count_cell(i.rx_packets),
                   fault_cell(i.rx_errors), fault_cell(i.rx_dropped)});
        table.row({text_cell(""), text_cell("tx"), bytes_cell(i.tx_bytes), count_cell(i.tx_packets),
                   fault_cell(i.tx_errors), fault_cell(i.tx_dropped)});
    }
    if (view.interfaces.empty())
        page.emplace_back("  no interface but lo", Style::faint);
    else
        append(page, table.page(look.columns));
    return page;
}

Page stats_of(const ProcessView& view, const Look& look) {
    const auto probe = (view.probe_by.empty() ? "probe" : view.probe_by) + " at " + view.probe;
    Page page = {heading("PROCESS EXITS", "process_monitor", view.version + ", " + probe)};
    const auto by_code_0 = view.exits - std::min(view.exits, view.nonzero_exits + view.killed_by_signal);
    const auto row = [&](const char* name, std::uint64_t count) {
        return std::vector<Cell>{
            text_cell(name), count_cell(count), text_cell(percent(count, view.exits)),
            text_cell(bar(static_cast<double>(count), static_cast<double>(view.exits), 32, look.unicode),
                      Style::accent)};
    };
    Table table({{"", Column::left, 10}, {"processes"}, {"share", Column::right, 6}, {"", Column::left}});
    table.row(row("code 0", by_code_0))
        .row(row("other code", view.nonzero_exits))
        .row(row("by signal", view.killed_by_signal));
    table.row({text_cell("total"), count_cell(view.exits)});
    append(page, table.page(look.columns));

    const auto cpu = view.utime_ns + view.stime_ns;
    page.emplace_back("  CPU time  " + duration(view.utime_ns) + " user, " + duration(view.stime_ns) + " system" +
                      (view.exits ? "; " + duration(cpu / view.exits) + " a process" : ""));
    page.emplace_back("  threads   " + number(view.thread_exits) + " besides, and " + number(view.kernel_thread_exits) +
                      " of the kernel");
    const auto limit =
        view.log_rate ? "on, up to " + grouped(view.log_rate) + " a second" : std::string("on, no limit");
    page.emplace_back("  log       " + (view.log ? limit : "off") + "; " + number(view.logged) + " logged, " +
                      number(view.suppressed) + " left out");
    if (!view.armed) page.emplace_back("  the probe is switched off: no exit is seen", Style::bad);
    if (view.missed_probes)
        page.emplace_back("  " + number(view.missed_probes) + " probes missed: so many exits may be missing here",
                          Style::bad);
    return page;
}

Page stats_missing(const std::string& module, const Error& error) {
    Page page = {Line(module, Style::heading)};
    page.push_back(Line("  ").add(error.what, Style::warning));
    return page;
}

} // namespace kmon::cli
