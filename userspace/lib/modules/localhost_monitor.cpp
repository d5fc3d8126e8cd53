// SPDX-License-Identifier: GPL-2.0-only
#include "modules/localhost_monitor.hpp"

#include <algorithm>
#include <map>

#include "escape.hpp"
#include "format.hpp"
#include "graph.hpp"
#include "kernel_counts.hpp"
#include "table.hpp"
#include "view_fields.hpp"

namespace kmon {

namespace {

const char* name_of(const std::string& protocol) {
    static const std::map<std::string, const char*> names = {{"tcp", "TCP"}, {"udp", "UDP"}, {"icmp", "ICMP"}};
    const auto name = names.find(protocol);
    return name == names.end() ? nullptr : name->second;
}

// TCP of both IP versions is one row, and so are ICMP and ICMPv6.
std::string row_name(const std::string& protocol) {
    const std::string family = protocol == "icmpv6" ? "icmp" : protocol;
    const char* name = name_of(family);
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

    Table table({{"bytes", Column::left, 10},
                 {"packets"},
                 {"share", Column::right, 6},
                 {.head = "", .align = Column::left, .first_out = 1}});
    for (const auto& size : view.sizes)
        table.row({text_cell(printable(size.range)), count_cell(size.packets),
                   text_cell(percent(size.packets, view.packets)),
                   text_cell(bar(static_cast<double>(size.packets), static_cast<double>(largest), 32, look.unicode),
                             Style::accent)});
    return table.page(look.columns);
}

} // namespace

Result<LocalhostView> parse_localhost(Lines& lines) {
    LocalhostView view;
    auto head = first_line(lines, "localhost_monitor", view);
    if (!head) return fail(head.error());
    head->get("all_netns", view.all_netns).get("log_packets", view.log_packets);
    head->get("log_suppressed", view.log_suppressed);
    head->get("packets", view.packets).get("segments", view.segments).get("bytes", view.bytes);
    if (const auto done = head->done(); !done) return fail(done.error());

    for (;;) {
        auto line = Fields::next(lines);
        if (!line) return fail(line.error());
        if (line->at_end()) return view;

        if (line->has("size")) {
            auto& size = view.sizes.emplace_back();
            line->get("size", size.range).get("size_min", size.min);
            line->get("packets", size.packets).get("bytes", size.bytes);
        } else {
            auto& protocol = view.protocols.emplace_back();
            line->get("ip_version", protocol.ip_version).get("protocol", protocol.name);
            line->get("packets", protocol.packets).get("segments", protocol.segments).get("bytes", protocol.bytes);
        }
        if (const auto done = line->done(); !done) return fail(done.error());
    }
}

Result<LocalhostView> read_localhost(const Root& root) {
    auto lines = Lines::open(root.proc / "localhost_stats.json", "localhost_monitor");
    if (!lines) return fail(lines.error());
    return parse_localhost(*lines);
}

Page LocalhostView::page(const Look& look) const {
    Page page = {heading("LOOPBACK", "localhost_monitor", version + (all_netns ? ", every network namespace" : ""))};
    Table table({{"", Column::left, 10},
                 {.head = "IPv4", .first_out = 2},
                 {.head = "IPv6", .first_out = 2},
                 {"packets"},
                 {.head = "segments", .first_out = 1},
                 {"bytes"}});
    for (const auto& row : protocol_rows(*this))
        table.row({text_cell(row.name), count_cell(row.packets[0]), count_cell(row.packets[1]),
                   count_cell(row.packets[0] + row.packets[1]), count_cell(row.segments), bytes_cell(row.bytes)});
    append(page, table.page(look.columns));
    page.emplace_back();
    append(page, size_histogram(*this, look));
    return page;
}

Json LocalhostView::json(std::size_t /*top*/) const {
    Json by_protocol = Json::array();
    for (const auto& p : protocols)
        by_protocol.push_back({{"ip_version", p.ip_version},
                               {"protocol", p.name},
                               {"packets", p.packets},
                               {"segments", p.segments},
                               {"bytes", p.bytes}});
    Json by_size = Json::array();
    for (const auto& s : sizes)
        by_size.push_back({{"size", s.range}, {"size_min", s.min}, {"packets", s.packets}, {"bytes", s.bytes}});
    return {{"version", version},
            {"all_netns", all_netns},
            {"log_packets", log_packets},
            {"log_suppressed", log_suppressed},
            {"packets", packets},
            {"segments", segments},
            {"bytes", bytes},
            {"protocols", std::move(by_protocol)},
            {"sizes", std::move(by_size)}};
}

std::string LocalhostView::settings() const {
    return std::string(log_packets ? "logs packets" : "does not log packets") +
           (all_netns ? "; every network namespace" : "");
}

std::vector<Figure> LocalhostView::figures() const { return {{"packets", packets}, {"bytes", bytes, true}}; }

namespace {

constexpr unsigned datagrams = 100;

Finding compare(const Root& root, const Stimulus& stimulus) {
    const std::string subject = "loopback";
    const std::string module = "localhost_monitor";
    const auto lo_before = interface_count(root, "lo", "rx_packets");
    const auto before = read_localhost(root);
    if (!before) return skipped(subject, before.error());
    if (const auto sent = stimulus.send_datagrams(datagrams); !sent) return skipped(subject, sent.error());
    const auto after = read_localhost(root);
    if (!after) return skipped(subject, after.error());
    const auto lo_after = interface_count(root, "lo", "rx_packets");

    if (sum_of(after->protocols, &LocalhostView::Protocol::packets) != after->packets ||
        sum_of(after->sizes, &LocalhostView::Size::packets) != after->packets)
        return wrong(subject, "the parts do not add up to " + grouped(after->packets) + " packets", module);
    const auto counted = after->packets - before->packets;
    if (counted < datagrams)
        return wrong(subject, "sent " + std::to_string(datagrams) + " packets over lo, counted " + grouped(counted),
                     module);
    if (!lo_before || !lo_after) return skipped(subject, lo_before ? lo_after.error() : lo_before.error());
    const auto received = *lo_after - *lo_before;
    const auto words = grouped(counted) + " packets counted; lo received " + grouped(received);
    if (!after->all_netns && counted > received) return wrong(subject, words, module);
    return {subject, Finding::good, words, ""};
}

std::vector<std::string> by_protocol(const LocalhostView::Protocol& protocol) {
    return {std::to_string(protocol.ip_version), protocol.name};
}

// A size class ends where the next one begins.
Samples size_buckets(const LocalhostView& view, std::size_t /*top*/) {
    Sample sample;
    for (std::size_t i = 0; i < view.sizes.size(); ++i) {
        const bool last = i + 1 == view.sizes.size();
        sample.buckets.push_back({last ? Bucket::no_bound : view.sizes[i + 1].min - 1, view.sizes[i].packets});
        sample.value += view.sizes[i].bytes;
    }
    return {std::move(sample)};
}

} // namespace

Module localhost_monitor() {
    const std::string name = "localhost_monitor";
    return {
        .name = name,
        .section = name,
        .keys = {yes_or_no("log_packets", false)},
        .settings =
            [name](const Config& config) {
                return std::vector<Setting>{{name, "log_packets", flag(config.get<bool>(name + ".log_packets"))}};
            },
        .read = [](const Root& root) { return as_view(read_localhost(root)); },
        .metrics =
            {
                counter("kmon_loopback_packets", "Packets received over loopback.", {"ip_version", "protocol"},
                        each(&LocalhostView::protocols, by_protocol, &LocalhostView::Protocol::packets)),
                counter("kmon_loopback_segments", "Segments in the packets received over loopback.",
                        {"ip_version", "protocol"},
                        each(&LocalhostView::protocols, by_protocol, &LocalhostView::Protocol::segments)),
                counter("kmon_loopback_bytes", "Bytes of the packets received over loopback, IP header included.",
                        {"ip_version", "protocol"},
                        each(&LocalhostView::protocols, by_protocol, &LocalhostView::Protocol::bytes)),
                histogram("kmon_loopback_packet_size_bytes", "Sizes of the packets received over loopback.", {},
                          made_by<LocalhostView>(size_buckets)),
                counter("kmon_loopback_log_suppressed_packets", "Packets left out of the kernel log by its rate limit.",
                        {}, one(&LocalhostView::log_suppressed)),
                gauge("kmon_loopback_log_packets", "1 if packets over loopback go to the kernel log.", {},
                      one(&LocalhostView::log_packets)),
                gauge("kmon_loopback_all_netns", "1 if every network namespace is watched, 0 if the initial one.", {},
                      one(&LocalhostView::all_netns)),
            },
        .history = {.name = "loopback",
                    .labels = {"ip_version", "protocol"},
                    .columns = {{"packets", "packets", "kmon_loopback_packets"},
                                {"segments", "segments", "kmon_loopback_segments"},
                                {"bytes", "bytes", "kmon_loopback_bytes", true}},
                    .rates = {{"packets", "kmon_loopback_packets"}, {"bytes", "kmon_loopback_bytes", true}}},

        .reset_file = "localhost_stats",
        .compare = compare,
        .in_its_namespace = true,
    };
}

} // namespace kmon
