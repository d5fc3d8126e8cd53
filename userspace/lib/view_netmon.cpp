// SPDX-License-Identifier: GPL-2.0-only
#include "view_fields.hpp"
#include "views.hpp"

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
    return parse_netmon(*lines);
}

} // namespace kmon
