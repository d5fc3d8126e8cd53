// SPDX-License-Identifier: GPL-2.0-only
#include "view_fields.hpp"
#include "views.hpp"

namespace kmon {

Result<ProcessView> parse_process(Lines& lines) {
    ProcessView view;
    auto line = first_line(lines, "process_monitor", view.version);
    if (!line) return fail(line.error());
    line->get("probe", view.probe).get("log", view.log).get("log_rate", view.log_rate);
    // A module from before an upgrade of the tools does not tell.
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

} // namespace kmon
