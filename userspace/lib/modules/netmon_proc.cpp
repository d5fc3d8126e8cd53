// SPDX-License-Identifier: GPL-2.0-only
#include "modules/netmon_proc.hpp"

#include <algorithm>

#include "escape.hpp"
#include "format.hpp"
#include "host.hpp"
#include "kernel_counts.hpp"
#include "table.hpp"
#include "view_fields.hpp"

namespace kmon {

Result<NetmonView> parse_netmon(Lines& lines) {
    NetmonView view;
    for (;;) {
        auto line = Fields::next(lines);
        if (!line) return fail(line.error());
        if (line->at_end()) return view;

        auto& interface = view.interfaces.emplace_back();
        line->get("interface", interface.name);
        if (line->has("error")) {
            line->get("error", interface.error);
        } else {
            for (const auto& figure : link_figures)
                line->get(figure.name, interface.*figure.value);
        }
        if (const auto done = line->done(); !done) return fail(done.error());
    }
}

Result<NetmonView> read_netmon(const Root& root) {
    auto lines = Lines::open(root.proc / "netmon", "netmon_proc");
    if (!lines) return fail(lines.error());
    auto view = parse_netmon(*lines);
    if (!view) return view;
    view->version = loaded_version(root, "netmon_proc");
    view->only = read_parameter(root, "netmon_proc", "iface").value_or("");
    return view;
}

Page NetmonView::page(const Look& look) const {
    Page page = {heading("INTERFACES", "netmon_proc", version)};
    Table table({{"", Column::left, 15},
                 {"", Column::left},
                 {"bytes"},
                 {.head = "packets", .first_out = 2},
                 {"errors"},
                 {.head = "dropped", .first_out = 1}});
    for (const auto& i : interfaces) {
        const auto name = printable(i.name);
        if (!i.error.empty()) {
            table.row({text_cell(name), {}, text_cell(printable(i.error), Style::warning)});
            continue;
        }
        table.row({text_cell(name), text_cell("rx"), bytes_cell(i.rx_bytes), count_cell(i.rx_packets),
                   fault_cell(i.rx_errors), count_cell(i.rx_dropped)});
        table.row({text_cell(""), text_cell("tx"), bytes_cell(i.tx_bytes), count_cell(i.tx_packets),
                   fault_cell(i.tx_errors), fault_cell(i.tx_dropped)});
    }
    if (interfaces.empty())
        page.emplace_back("  no interface other than lo", Style::faint);
    else
        append(page, table.page(look.columns));
    return page;
}

Json NetmonView::json(std::size_t /*top*/) const {
    Json list = Json::array();
    for (const auto& i : interfaces) {
        if (!i.error.empty()) {
            list.push_back({{"interface", i.name}, {"error", i.error}});
            continue;
        }
        Json interface = {{"interface", i.name}};
        for (const auto& figure : link_figures)
            interface[figure.name] = i.*figure.value;
        list.push_back(std::move(interface));
    }
    return {{"interfaces", std::move(list)}};
}

std::string NetmonView::settings() const {
    return only.empty() ? "every interface but lo" : "interface " + printable(only);
}

std::vector<Figure> NetmonView::figures() const {
    return {{"rx bytes", sum_of(interfaces, &Interface::rx_bytes), true},
            {"tx bytes", sum_of(interfaces, &Interface::tx_bytes), true}};
}

namespace {

// Checks that each figure lies between two readings of /sys. Interfaces may appear or disappear meanwhile.
Finding compare(const Root& root, const Stimulus& /*stimulus*/) {
    const std::string subject = "interfaces";
    std::size_t compared = 0;
    const auto listed = read_netmon(root);
    if (!listed) return skipped(subject, listed.error());
    std::vector<Result<std::uint64_t>> before;
    for (const auto& interface : listed->interfaces)
        for (const auto& figure : link_figures)
            before.push_back(interface_count(root, interface.name, figure.name));
    const auto view = read_netmon(root);
    if (!view) return skipped(subject, view.error());

    for (std::size_t i = 0; i < listed->interfaces.size(); ++i) {
        const auto& name = listed->interfaces[i].name;
        const auto now = std::find_if(view->interfaces.begin(), view->interfaces.end(),
                                      [&](const auto& candidate) { return candidate.name == name; });
        if (now == view->interfaces.end() || !now->error.empty()) continue;
        for (std::size_t k = 0; k < link_figures.size(); ++k) {
            const auto& low = before[i * link_figures.size() + k];
            const auto high = interface_count(root, name, link_figures[k].name);
            if (!low || !high) continue;
            ++compared;
            const auto value = (*now).*link_figures[k].value;
            if (value < *low || value > *high)
                return wrong(subject,
                             printable(name) + " " + link_figures[k].name + ": /proc/netmon says " + grouped(value) +
                                 ", the kernel " + grouped(*high),
                             "netmon_proc");
        }
    }
    return {subject, Finding::good,
            grouped(compared) + " figures of " + grouped(view->interfaces.size()) + " interfaces match the kernel's",
            ""};
}

bool is_present(const NetmonView::Interface& interface) { return interface.error.empty(); }

Samples of_present(const NetmonView& view, std::uint64_t LinkStats::*figure) {
    Samples samples;
    for (const auto& interface : view.interfaces)
        if (is_present(interface)) samples.push_back({{interface.name}, interface.*figure});
    return samples;
}

Family link_counter(const std::string& name, const std::string& help, std::uint64_t LinkStats::*figure) {
    return counter("kmon_interface_" + name, help, {"interface"},
                   made_by<NetmonView>(
                       [figure](const NetmonView& view, std::size_t /*top*/) { return of_present(view, figure); }));
}

} // namespace

Module netmon_proc() {
    return {
        .name = "netmon_proc",
        .section = "netmon",
        .keys = {interface("interface")},
        .settings =
            [](const Config& config) {
                const auto& name = config.get<std::string>("netmon.interface");
                return std::vector<Setting>{{"netmon_proc", "iface", name == "all" ? "" : name}};
            },
        .read = [](const Root& root) { return as_view(read_netmon(root)); },
        .metrics =
            {
                link_counter("receive_bytes", "Bytes that the interface received.", &LinkStats::rx_bytes),
                link_counter("transmit_bytes", "Bytes that the interface sent.", &LinkStats::tx_bytes),
                link_counter("receive_packets", "Packets that the interface received.", &LinkStats::rx_packets),
                link_counter("transmit_packets", "Packets that the interface sent.", &LinkStats::tx_packets),
                link_counter("receive_errors", "Bad packets that the interface received.", &LinkStats::rx_errors),
                link_counter("transmit_errors", "Packets that the interface could not send.", &LinkStats::tx_errors),
                link_counter("receive_dropped", "Packets received and dropped.", &LinkStats::rx_dropped),
                link_counter("transmit_dropped", "Packets dropped instead of sent.", &LinkStats::tx_dropped),
                gauge("kmon_interface_present", "0 if the interface that iface names is missing.", {"interface"},
                      each(
                          &NetmonView::interfaces, [](const auto& i) { return std::vector{i.name}; }, is_present)),
            },
        .of_kernel = true,
        .history = {.name = "interfaces",
                    .labels = {"interface"},
                    .columns = {{"received_bytes", "received", "kmon_interface_receive_bytes", true},
                                {"sent_bytes", "sent", "kmon_interface_transmit_bytes", true},
                                {"received_packets", "", "kmon_interface_receive_packets"},
                                {"sent_packets", "", "kmon_interface_transmit_packets"},
                                {"receive_errors", "", "kmon_interface_receive_errors"},
                                {"transmit_errors", "", "kmon_interface_transmit_errors"},
                                {"receive_dropped", "", "kmon_interface_receive_dropped"},
                                {"transmit_dropped", "", "kmon_interface_transmit_dropped"}},
                    .rates = {{"rx bytes", "kmon_interface_receive_bytes", true},
                              {"tx bytes", "kmon_interface_transmit_bytes", true}}},

        .compare = compare,
    };
}

} // namespace kmon
