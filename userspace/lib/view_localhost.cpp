// SPDX-License-Identifier: GPL-2.0-only
#include "view_fields.hpp"
#include "views.hpp"

namespace kmon {

Result<LocalhostView> parse_localhost(Lines& lines) {
    LocalhostView view;
    auto head = first_line(lines, "localhost_monitor", view.version);
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

} // namespace kmon
