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
            line->get("rx_bytes", interface.rx_bytes).get("tx_bytes", interface.tx_bytes);
            line->get("rx_packets", interface.rx_packets).get("tx_packets", interface.tx_packets);
            line->get("rx_errors", interface.rx_errors).get("tx_errors", interface.tx_errors);
            line->get("rx_dropped", interface.rx_dropped).get("tx_dropped", interface.tx_dropped);
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
