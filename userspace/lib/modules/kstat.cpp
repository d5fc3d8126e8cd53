// SPDX-License-Identifier: GPL-2.0-only
#include "modules/kstat.hpp"

#include <algorithm>

#include "escape.hpp"
#include "format.hpp"
#include "kernel_counts.hpp"
#include "table.hpp"
#include "view_fields.hpp"

namespace kmon {

Result<KstatView> parse_kstat(Lines& lines) {
    KstatView view;
    auto head = first_line(lines, "kstat", view);
    if (!head) return fail(head.error());
    head->get("all_netns", view.all_netns).get("running", view.running);
    head->get("counter", view.counter).get("published", view.published);
    head->get("packets", view.packets).get("segments", view.segments);
    if (const auto done = head->done(); !done) return fail(done.error());

    for (;;) {
        auto line = Fields::next(lines);
        if (!line) return fail(line.error());
        if (line->at_end()) return view;

        auto& family = view.families.emplace_back();
        line->get("ip_version", family.ip_version);
        line->get("packets", family.packets).get("segments", family.segments);
        if (const auto done = line->done(); !done) return fail(done.error());
    }
}

Result<KstatView> read_kstat(const Root& root) {
    auto lines = Lines::open(root.proc / "kstat" / "stats.json", "kstat");
    if (!lines) return fail(lines.error());
    return parse_kstat(*lines);
}

Page KstatView::page(const Look& look) const {
    const std::string state =
        (running ? ", counting" : ", stopped (kmonctl kstat start)") + (", published in steps of " + grouped(counter));
    Page page = {heading("OUTGOING TCP", "kstat", version + state + (all_netns ? ", every network namespace" : ""))};
    Table table({{"", Column::left, 10}, {"packets"}, {"segments"}});
    for (const auto& family : families)
        table.row({text_cell("IPv" + std::to_string(family.ip_version)), count_cell(family.packets),
                   count_cell(family.segments)});
    table.row({text_cell("total"), count_cell(packets), count_cell(segments)});
    table.row({text_cell("published"), count_cell(published)});
    append(page, table.page(look.columns));
    return page;
}

Json KstatView::json(std::size_t /*top*/) const {
    Json by_version = Json::array();
    for (const auto& f : families)
        by_version.push_back({{"ip_version", f.ip_version}, {"packets", f.packets}, {"segments", f.segments}});
    return {{"version", version},     {"all_netns", all_netns},
            {"running", running},     {"counter", counter},
            {"published", published}, {"packets", packets},
            {"segments", segments},   {"ip_versions", std::move(by_version)}};
}

std::string KstatView::settings() const {
    return std::string(running ? "started" : "stopped") + ", counter " + grouped(counter) +
           (all_netns ? "; every network namespace" : "");
}

std::vector<Figure> KstatView::figures() const { return {{"packets", packets}, {"segments", segments}}; }

namespace {

Finding compare(const Root& root, const Stimulus& stimulus) {
    const std::string subject = "outgoing TCP";
    const std::string module = "kstat";
    const auto before = read_kstat(root);
    if (!before) return skipped(subject, before.error());
    if (!before->running) return {subject, Finding::skipped, "kstat is stopped", "kmonctl kstat start"};
    const auto segments_before = tcp_count(root, "OutSegs");
    const auto sent = stimulus.talk_tcp();
    if (!sent) return skipped(subject, sent.error());
    const auto segments_after = tcp_count(root, "OutSegs");
    const auto after = read_kstat(root);
    if (!after) return skipped(subject, after.error());

    if (sum_of(after->families, &KstatView::Family::packets) != after->packets || after->published > after->packets)
        return wrong(subject, "the parts do not add up to " + grouped(after->packets) + " packets", module);
    const auto counted = after->segments - before->segments;
    if (counted < *sent)
        return wrong(subject, "sent " + grouped(*sent) + " segments, counted " + grouped(counted), module);
    if (!segments_before || !segments_after)
        return skipped(subject, segments_before ? segments_after.error() : segments_before.error());
    const auto grown = *segments_after - *segments_before;
    const auto words = grouped(counted) + " segments counted; Tcp: OutSegs grew by " + grouped(grown);
    // A firewall may drop some segments in between.
    if (counted < grown) return {subject, Finding::warning, words, "nft list ruleset"};
    return {subject, Finding::good, words, ""};
}

std::vector<std::string> by_version(const KstatView::Family& family) { return {std::to_string(family.ip_version)}; }

std::string state_of(const Root& root) {
    const auto value = [&](const char* parameter) {
        return printable(read_parameter(root, "kstat", parameter).value_or("?"));
    };
    return (value("start") == "1" ? "started, counter " : "stopped, counter ") + value("counter");
}

} // namespace

Module kstat() {
    const std::string name = "kstat";
    return {
        .name = name,
        .section = name,
        .keys = {yes_or_no("start", true), number("counter", 1, 2147483647, 10)},
        .settings =
            [name](const Config& config) {
                return std::vector<Setting>{
                    {name, "counter", std::to_string(config.get<std::uint32_t>(name + ".counter"))},
                    {name, "start", flag(config.get<bool>(name + ".start"))}};
            },
        .read = [](const Root& root) { return as_view(read_kstat(root)); },
        .metrics =
            {
                counter("kmon_tcp_out_packets", "Outgoing TCP packets, as they pass the hook.", {"ip_version"},
                        each(&KstatView::families, by_version, &KstatView::Family::packets)),
                counter("kmon_tcp_out_segments", "Outgoing TCP segments, as they go on the wire.", {"ip_version"},
                        each(&KstatView::families, by_version, &KstatView::Family::segments)),
                unrecorded(counter("kmon_tcp_out_published_packets", "Outgoing TCP packets published in steps.", {},
                                   one(&KstatView::published))),
                gauge("kmon_tcp_out_publish_step", "Outgoing TCP packets from one publication to the next.", {},
                      one(&KstatView::counter)),
                gauge("kmon_tcp_out_running", "1 while outgoing TCP packets are counted, 0 while stopped.", {},
                      one(&KstatView::running)),
                gauge("kmon_tcp_out_all_netns", "1 if every network namespace is watched, 0 if the initial one.", {},
                      one(&KstatView::all_netns)),
            },
        .history = {.name = "tcp",
                    .labels = {"ip_version"},
                    .columns = {{"packets", "packets", "kmon_tcp_out_packets"},
                                {"segments", "segments", "kmon_tcp_out_segments"}},
                    .rates = {{"packets", "kmon_tcp_out_packets"}, {"segments", "kmon_tcp_out_segments"}}},

        .brief = state_of,
        .reset_file = "kstat/nout",
        .compare = compare,
        .in_its_namespace = true,
    };
}

} // namespace kmon
