// SPDX-License-Identifier: GPL-2.0-only
#include "view_fields.hpp"
#include "views.hpp"

namespace kmon {

Result<KstatView> parse_kstat(Lines& lines) {
    KstatView view;
    auto head = first_line(lines, "kstat", view.version);
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

} // namespace kmon
