// SPDX-License-Identifier: GPL-2.0-only
#include <optional>

#include "view_fields.hpp"
#include "views.hpp"

namespace kmon {

namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

std::optional<MacAddress> parse_mac(const std::string& text) {
    MacAddress mac;
    if (text.size() != 17) return std::nullopt;
    for (std::size_t i = 0; i < mac.size(); ++i) {
        const int high = hex_digit(text[3 * i]);
        const int low = hex_digit(text[3 * i + 1]);
        if (high < 0 || low < 0 || (i < 5 && text[3 * i + 2] != ':')) return std::nullopt;
        mac[i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    return mac;
}

Result<void> parse_mac_line(Fields& line, std::vector<L2View::Mac>& macs) {
    L2View::Mac mac;
    std::string address;
    line.get("mac", address).get("packets", mac.packets).get("bytes", mac.bytes);
    line.get("first_seen", mac.first_seen).get("last_seen", mac.last_seen);
    if (auto done = line.done(); !done) return done;

    const auto parsed = parse_mac(address);
    if (!parsed) return fail(line.wrong("\"mac\" is not a MAC address"));
    mac.address = *parsed;
    macs.push_back(mac);
    return {};
}

// `announced` is the number of MAC lines that are to follow.
Result<L2View::Interface> parse_interface(Fields& line, std::uint64_t& announced) {
    L2View::Interface interface;
    line.get("interface", interface.name).get("waiting", interface.waiting).get("hook", interface.hook);
    line.get("macs", announced).get("packets", interface.packets).get("bytes", interface.bytes);
    line.get("untracked_packets", interface.untracked_packets).get("untracked_bytes", interface.untracked_bytes);
    line.get("evicted_packets", interface.evicted_packets).get("evicted_bytes", interface.evicted_bytes);
    line.get("skipped_packets", interface.skipped_packets);
    if (const auto done = line.done(); !done) return fail(done.error());
    return interface;
}

} // namespace

std::string to_string(const MacAddress& mac) {
    static const char hex[] = "0123456789abcdef";
    std::string text;
    for (const auto byte : mac) {
        if (!text.empty()) text += ':';
        text += hex[byte >> 4];
        text += hex[byte & 0xf];
    }
    return text;
}

Result<L2View> parse_l2(Lines& lines) {
    L2View view;
    auto head = first_line(lines, "l2packet_counter", view.version);
    if (!head) return fail(head.error());
    head->get("hook", view.hook).get("reset_interval", view.reset_interval).get("max_macs", view.max_macs);
    if (const auto done = head->done(); !done) return fail(done.error());

    std::uint64_t awaited = 0; // MAC lines of the interface that came last
    for (;;) {
        auto line = Fields::next(lines);
        if (!line) return fail(line.error());
        if (awaited) {
            if (!line->has("mac"))
                return fail(lines.wrong(std::to_string(awaited) + " lines of MAC addresses are missing here"));
            if (const auto done = parse_mac_line(*line, view.interfaces.back().macs); !done) return fail(done.error());
            --awaited;
            continue;
        }
        if (line->at_end()) return view;
        auto interface = parse_interface(*line, awaited);
        if (!interface) return fail(interface.error());
        view.interfaces.push_back(std::move(*interface));
    }
}

Result<L2View> read_l2(const Root& root) {
    auto lines = Lines::open(root.proc / "l2packet_counter.json", "l2packet_counter");
    if (!lines) return fail(lines.error());
    return parse_l2(*lines);
}

} // namespace kmon
