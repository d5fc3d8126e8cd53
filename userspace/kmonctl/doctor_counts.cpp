// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <filesystem>
#include <numeric>

#include "doctor.hpp"
#include "escape.hpp"
#include "format.hpp"
#include "kernel_counts.hpp"
#include "views.hpp"

namespace kmon::cli {

namespace {

constexpr unsigned datagrams = 100;
constexpr unsigned processes = 20;

// The kernel counts first or kmon does, by a moment: what is compared is always read outside of what it must cover.

std::string reload(const std::string& module) { return "modprobe -r " + module + " && kmonctl apply"; }

// A module that is missing was told of already.
Finding skipped(const std::string& subject, const Error& error) {
    return {subject, Finding::skipped, error.code == ExitCode::not_running ? "not counted" : error.what, ""};
}
Finding wrong(const std::string& subject, std::string words, const std::string& module) {
    return {subject, Finding::bad, std::move(words), reload(module)};
}

template <class List, class Number>
std::uint64_t sum_of(const List& list, Number number) {
    return std::accumulate(list.begin(), list.end(), std::uint64_t{0},
                           [&](std::uint64_t sum, const auto& item) { return sum + item.*number; });
}

// kmon counts the initial namespace. Whoever may not look is taken to be there.
bool in_another_namespace(const Root& root) {
    std::error_code hidden;
    const auto own = std::filesystem::read_symlink(root.proc / "self/ns/net", hidden);
    const auto initial = std::filesystem::read_symlink(root.proc / "1/ns/net", hidden);
    return !hidden && own != initial;
}

Finding compare_loopback(const Root& root, const Stimulus& stimulus) {
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
        return wrong(subject,
                     std::to_string(datagrams) + " packets were sent over lo, " + grouped(counted) + " counted",
                     module);
    if (!lo_before || !lo_after) return skipped(subject, lo_before ? lo_after.error() : lo_before.error());
    const auto received = *lo_after - *lo_before;
    const auto words = grouped(counted) + " packets counted; lo received " + grouped(received);
    if (!after->all_netns && counted > received) return wrong(subject, words, module);
    return {subject, Finding::good, words, ""};
}

Finding compare_tcp(const Root& root, const Stimulus& stimulus) {
    const std::string subject = "outgoing TCP";
    const std::string module = "kstat";
    const auto before = read_kstat(root);
    if (!before) return skipped(subject, before.error());
    if (!before->running) return {subject, Finding::skipped, "kstat is stopped", "kmonctl start"};
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
        return wrong(subject, grouped(*sent) + " segments were sent, " + grouped(counted) + " counted", module);
    if (!segments_before || !segments_after)
        return skipped(subject, segments_before ? segments_after.error() : segments_before.error());
    const auto grown = *segments_after - *segments_before;
    const auto words = grouped(counted) + " segments counted; Tcp: OutSegs grew by " + grouped(grown);
    // A firewall may drop some between the two.
    if (counted < grown) return {subject, Finding::warning, words, "nft list ruleset"};
    return {subject, Finding::good, words, ""};
}

// Between two readings of /sys, one by one: an interface may come or go meanwhile.
Finding compare_interfaces(const Root& root) {
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
            grouped(compared) + " figures of " + grouped(view->interfaces.size()) + " interfaces are the kernel's own",
            ""};
}

const L2View::Interface* find_interface(const L2View& view, const std::string& name) {
    for (const auto& interface : view.interfaces)
        if (interface.name == name) return &interface;
    return nullptr;
}

// Drivers count at their own pace, so only what cannot be is called wrong: parts that do not add up, or nothing
// counted where frames came in.
Finding compare_frames(const Root& root, const Stimulus& stimulus) {
    const std::string subject = "source MACs";
    const std::string module = "l2packet_counter";
    const auto before = read_l2(root);
    if (!before) return skipped(subject, before.error());
    if (before->interfaces.empty()) return {subject, Finding::skipped, "no interface is watched", ""};
    std::vector<Result<std::uint64_t>> received_before;
    for (const auto& interface : before->interfaces)
        received_before.push_back(interface_count(root, interface.name, "rx_packets"));
    stimulus.wait();

    std::string words;
    for (std::size_t i = 0; i < before->interfaces.size(); ++i) {
        const auto& was = before->interfaces[i];
        const auto received_after = interface_count(root, was.name, "rx_packets");
        const auto after = read_l2(root);
        if (!after) return skipped(subject, after.error());
        const auto* const is = find_interface(*after, was.name);
        if (!is) continue;
        const auto name = printable(was.name);
        if (sum_of(is->macs, &L2View::Mac::packets) + is->untracked_packets + is->evicted_packets != is->packets)
            return wrong(subject, name + ": the addresses do not add up to " + grouped(is->packets) + " frames",
                         module);
        words += (words.empty() ? "" : "; ") + name;
        if (is->waiting || !received_before[i] || !received_after) {
            words += " is away";
            continue;
        }
        const auto counted = is->packets + is->skipped_packets - was.packets - was.skipped_packets;
        const auto received = *received_after - std::min(*received_after, *received_before[i]);
        words += " received " + grouped(received) + " frames, " + grouped(counted) + " counted";
        if (received >= 10 && counted == 0) return wrong(subject, words, module);
    }
    return {subject, Finding::good, words, ""};
}

Finding compare_exits(const Root& root, const Stimulus& stimulus) {
    const std::string subject = "process exits";
    const auto before = read_process(root);
    if (!before) return skipped(subject, before.error());
    if (const auto ended = stimulus.end_processes(processes); !ended) return skipped(subject, ended.error());
    const auto after = read_process(root);
    if (!after) return skipped(subject, after.error());

    const auto counted = after->exits - before->exits;
    const auto words = std::to_string(processes) + " processes were ended, " + grouped(counted) + " exits counted";
    if (!after->armed)
        return {subject, Finding::bad, "the probe is switched off (kprobes or function tracing are): " + words,
                "sysctl kernel.ftrace_enabled=1; echo 1 >/sys/kernel/debug/kprobes/enabled"};
    if (counted < processes) return wrong(subject, words, "process_monitor");
    if (after->missed_probes)
        return {subject, Finding::warning, grouped(after->missed_probes) + " probes were missed since load",
                reload("process_monitor")};
    return {subject, Finding::good, words, ""};
}

} // namespace

Findings compare_counts(const Context& context, const Stimulus& stimulus) {
    const auto& root = context.root;
    auto progress = context.progress("comparing counts with the kernel's own");
    Findings findings;
    if (in_another_namespace(root)) {
        findings.push_back({"network", Finding::skipped, "this is another network namespace than kmon counts in", ""});
    } else {
        findings.push_back(compare_loopback(root, stimulus));
        findings.push_back(compare_tcp(root, stimulus));
        findings.push_back(compare_frames(root, stimulus));
    }
    findings.push_back(compare_interfaces(root));
    findings.push_back(compare_exits(root, stimulus));
    return findings;
}

} // namespace kmon::cli
