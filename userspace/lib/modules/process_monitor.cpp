// SPDX-License-Identifier: GPL-2.0-only
#include "modules/process_monitor.hpp"

#include <algorithm>

#include "escape.hpp"
#include "format.hpp"
#include "graph.hpp"
#include "table.hpp"
#include "view_fields.hpp"

namespace kmon {

namespace {

// For use in sentences.
std::string short_count(std::uint64_t value) { return value < 1'000'000'000 ? grouped(value) : brief(value); }

} // namespace

Result<ProcessView> parse_process(Lines& lines) {
    ProcessView view;
    auto line = first_line(lines, "process_monitor", view);
    if (!line) return fail(line.error());
    line->get("probe", view.probe).get("log", view.log).get("log_rate", view.log_rate);
    // A module that was loaded before an upgrade lacks it.
    if (line->has("armed")) line->get("probe_by", view.probe_by).get("armed", view.armed);
    line->get("exits", view.exits).get("thread_exits", view.thread_exits);
    line->get("kernel_thread_exits", view.kernel_thread_exits);
    line->get("logged", view.logged).get("suppressed", view.suppressed).get("missed_probes", view.missed_probes);
    line->get("nonzero_exits", view.nonzero_exits).get("killed_by_signal", view.killed_by_signal);
    line->get("utime_ns", view.utime_ns).get("stime_ns", view.stime_ns);
    if (const auto done = line->done(); !done) return fail(done.error());
    return view;
}

Result<ProcessView> read_process(const Root& root) {
    auto lines = Lines::open(root.proc / "process_monitor.json", "process_monitor");
    if (!lines) return fail(lines.error());
    return parse_process(*lines);
}

bool failed_exits_wanted(const Config& config) {
    return config.enabled("process_monitor") && config.get<std::string>("process_monitor.journal") == "failed";
}

Page ProcessView::page(const Look& look) const {
    const auto by = (probe_by.empty() ? "probe" : probe_by) + " at " + probe;
    Page page = {heading("PROCESS EXITS", "process_monitor", version + ", " + by)};
    const auto by_code_0 = exits - std::min(exits, nonzero_exits + killed_by_signal);
    const auto row = [&](const char* name, std::uint64_t count) {
        return std::vector<Cell>{
            text_cell(name), count_cell(count), text_cell(percent(count, exits)),
            text_cell(bar(static_cast<double>(count), static_cast<double>(exits), 32, look.unicode), Style::accent)};
    };
    Table table({{"", Column::left, 10},
                 {"processes"},
                 {"share", Column::right, 6},
                 {.head = "", .align = Column::left, .first_out = 1}});
    table.row(row("code 0", by_code_0)).row(row("other code", nonzero_exits)).row(row("by signal", killed_by_signal));
    table.row({text_cell("total"), count_cell(exits)});
    append(page, table.page(look.columns));

    const auto cpu = utime_ns + stime_ns;
    page.emplace_back("  CPU time  " + duration(utime_ns) + " user, " + duration(stime_ns) + " system" +
                      (exits ? "; " + duration(cpu / exits) + " a process" : ""));
    page.emplace_back("  threads   " + short_count(thread_exits) + " other threads, " +
                      short_count(kernel_thread_exits) + " kernel threads");
    const auto limit = log_rate ? "on, up to " + grouped(log_rate) + " a second" : std::string("on, no limit");
    page.emplace_back("  log       " + (log ? limit : "off") + "; " + short_count(logged) + " logged, " +
                      short_count(suppressed) + " suppressed");
    if (!armed) page.emplace_back("  the probe is off: no exits are seen", Style::bad);
    if (missed_probes)
        page.emplace_back("  " + short_count(missed_probes) + " probes missed: up to " + short_count(missed_probes) +
                              " exits may be missing",
                          Style::bad);
    return page;
}

Json ProcessView::json(std::size_t /*top*/) const {
    return {{"version", version},
            {"probe", probe},
            {"probe_by", probe_by},
            {"armed", armed},
            {"log", log},
            {"log_rate", log_rate},
            {"exits", exits},
            {"thread_exits", thread_exits},
            {"kernel_thread_exits", kernel_thread_exits},
            {"logged", logged},
            {"suppressed", suppressed},
            {"missed_probes", missed_probes},
            {"nonzero_exits", nonzero_exits},
            {"killed_by_signal", killed_by_signal},
            {"utime_ns", utime_ns},
            {"stime_ns", stime_ns}};
}

std::string ProcessView::settings() const {
    if (!armed) return "sees no exits: the probe is off";
    if (!log) return "does not log exits";
    return log_rate ? "logs up to " + grouped(log_rate) + " exits a second" : "logs every exit";
}

std::vector<Figure> ProcessView::figures() const {
    return {{"exits", exits}, {"failed", nonzero_exits + killed_by_signal}};
}

namespace {

constexpr unsigned processes = 20;

Finding compare(const Root& root, const Stimulus& stimulus) {
    const std::string subject = "process exits";
    const auto before = read_process(root);
    if (!before) return skipped(subject, before.error());
    if (const auto ended = stimulus.end_processes(processes); !ended) return skipped(subject, ended.error());
    const auto after = read_process(root);
    if (!after) return skipped(subject, after.error());

    const auto counted = after->exits - before->exits;
    const auto words = std::to_string(processes) + " processes exited, " + grouped(counted) + " exits counted";
    if (!after->armed)
        return {subject, Finding::bad, "the probe is off (kprobes or function tracing is disabled): " + words,
                "sysctl kernel.ftrace_enabled=1; echo 1 >/sys/kernel/debug/kprobes/enabled"};
    if (counted < processes) return wrong(subject, words, "process_monitor");
    if (after->missed_probes)
        return {subject, Finding::warning, grouped(after->missed_probes) + " probes were missed since load",
                load_anew("process_monitor")};
    return {subject, Finding::good, words, ""};
}

Samples failed_by_reason(const ProcessView& view, std::size_t /*top*/) {
    return {{{"code"}, view.nonzero_exits}, {{"signal"}, view.killed_by_signal}};
}

Samples cpu_by_mode(const ProcessView& view, std::size_t /*top*/) {
    return {{{"user"}, view.utime_ns}, {{"system"}, view.stime_ns}};
}

Samples the_probe(const ProcessView& view, std::size_t /*top*/) { return {{{view.probe, view.probe_by}, 1}}; }

} // namespace

Module process_monitor() {
    const std::string name = "process_monitor";
    return {
        .name = name,
        .section = name,
        .keys = {yes_or_no("log", false), number("log_rate", 0, 1000000, 100, " per second; 0: no limit"),
                 choice("journal", {"none", "failed"})},
        .settings =
            [name](const Config& config) {
                return std::vector<Setting>{
                    {name, "log_rate", std::to_string(config.get<std::uint32_t>(name + ".log_rate"))},
                    {name, "log", flag(config.get<bool>(name + ".log"))}};
            },
        .read = [](const Root& root) { return as_view(read_process(root)); },
        .metrics =
            {
                counter("kmon_process_exits", "Process exits.", {}, one(&ProcessView::exits)),
                counter("kmon_process_failed_exits", "Processes that exited with a non-zero code, or by a signal.",
                        {"reason"}, made_by<ProcessView>(failed_by_reason)),
                in_nanoseconds(counter("kmon_process_exit_cpu_seconds", "CPU time of the processes that exited.",
                                       {"mode"}, made_by<ProcessView>(cpu_by_mode))),
                counter("kmon_process_thread_exits", "Exits of threads that were not the last of their process.", {},
                        one(&ProcessView::thread_exits)),
                counter("kmon_process_kernel_thread_exits", "Kernel thread exits.", {},
                        one(&ProcessView::kernel_thread_exits)),
                counter("kmon_process_logged_exits", "Process exits written to the kernel log.", {},
                        one(&ProcessView::logged)),
                counter("kmon_process_log_suppressed_exits", "Process exits left out of the kernel log by log_rate.",
                        {}, one(&ProcessView::suppressed)),
                counter("kmon_process_missed_probes",
                        "Times the probe could not run: up to this many exits may be missing.", {},
                        one(&ProcessView::missed_probes)),
                gauge("kmon_process_probe_armed", "0 if somebody disabled the probe, so that no exits are seen.", {},
                      one(&ProcessView::armed)),
                info("kmon_process_probe", "Where exits are seen, and by what means.", {"place", "means"},
                     made_by<ProcessView>(the_probe)),
                gauge("kmon_process_log_exits", "1 if process exits go to the kernel log.", {}, one(&ProcessView::log)),
                gauge("kmon_process_log_rate", "Maximum number of process exits logged per second; 0: no limit.", {},
                      one(&ProcessView::log_rate)),
            },
        .history = {.name = "exits",
                    .labels = {"reason"},
                    .columns = {{"exits", "exits", "kmon_process_failed_exits"}},
                    .whole = "kmon_process_exits",
                    .rest = "code 0",
                    .rates = {{"exits", "kmon_process_exits"}, {"failed", "kmon_process_failed_exits"}}},
        .reset_file = name,
        .compare = compare,
    };
}

} // namespace kmon
