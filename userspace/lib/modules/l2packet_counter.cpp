// SPDX-License-Identifier: GPL-2.0-only
#include "modules/l2packet_counter.hpp"

#include <algorithm>
#include <optional>

#include "escape.hpp"
#include "format.hpp"
#include "kernel_counts.hpp"
#include "table.hpp"
#include "view_fields.hpp"

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

// The busiest first; in the module's own order if all are shown.
std::vector<L2View::Mac> busiest(const L2View::Interface& interface, std::size_t top) {
    auto macs = interface.macs;
    if (top == View::all) return macs;
    const auto shown = std::min(top, macs.size());
    std::partial_sort(macs.begin(), macs.begin() + static_cast<std::ptrdiff_t>(shown), macs.end(),
                      [](const auto& a, const auto& b) {
                          return a.packets != b.packets ? a.packets > b.packets : a.address < b.address;
                      });
    macs.resize(shown);
    return macs;
}

std::string age(std::uint64_t then, std::time_t now) {
    const auto at = static_cast<std::uint64_t>(now > 0 ? now : 0);
    return then >= at ? "now" : seconds(at - then) + " ago";
}

Page top_macs(const L2View::Interface& interface, const Look& look) {
    const auto macs = busiest(interface, look.top);
    Table table({{printable(interface.name), Column::left, 17},
                 {"frames"},
                 {"bytes"},
                 {"share", Column::right, 6},
                 {"last seen"}});
    for (const auto& mac : macs)
        table.row({text_cell(to_string(mac.address)), count_cell(mac.packets), bytes_cell(mac.bytes),
                   text_cell(percent(mac.packets, interface.packets)), text_cell(age(mac.last_seen, look.now))});
    auto page = table.page(look.columns);
    if (interface.macs.size() > macs.size())
        page.emplace_back("  and " + grouped(interface.macs.size() - macs.size()) + " more", Style::faint);
    return page;
}

std::string every(std::uint64_t interval) {
    return interval ? "text view resets every " + seconds(interval) : "text view never resets";
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

Page L2View::page(const Look& look) const {
    Page page = {heading("FRAMES BY SOURCE MAC", "l2packet_counter", version + ", " + every(reset_interval))};
    if (interfaces.empty()) {
        page.emplace_back("  no interface is watched", Style::faint);
        return page;
    }
    Table table({{"interface", Column::left, 17}, {"frames"}, {"bytes"}, {"MACs"}, {"untracked"}, {"evicted"}});
    for (const auto& interface : interfaces)
        table.row({interface.waiting ? text_cell(printable(interface.name) + " (waiting)", Style::warning)
                                     : text_cell(printable(interface.name)),
                   count_cell(interface.packets), bytes_cell(interface.bytes), count_cell(interface.macs.size()),
                   fault_cell(interface.untracked_packets), count_cell(interface.evicted_packets)});
    append(page, table.page(look.columns));
    for (const auto& interface : interfaces) {
        if (interface.macs.empty() || look.top == 0) continue;
        page.emplace_back();
        append(page, top_macs(interface, look));
    }
    return page;
}

Json L2View::json(std::size_t top) const {
    Json list = Json::array();
    for (const auto& i : interfaces) {
        Json macs = Json::array();
        for (const auto& m : busiest(i, top))
            macs.push_back({{"mac", to_string(m.address)},
                            {"packets", m.packets},
                            {"bytes", m.bytes},
                            {"first_seen", m.first_seen},
                            {"last_seen", m.last_seen}});
        list.push_back({{"interface", i.name},
                        {"waiting", i.waiting},
                        {"hook", i.hook},
                        {"packets", i.packets},
                        {"bytes", i.bytes},
                        {"untracked_packets", i.untracked_packets},
                        {"untracked_bytes", i.untracked_bytes},
                        {"evicted_packets", i.evicted_packets},
                        {"evicted_bytes", i.evicted_bytes},
                        {"skipped_packets", i.skipped_packets},
                        {"macs", std::move(macs)}});
    }
    return {{"version", version},
            {"hook", hook},
            {"reset_interval", reset_interval},
            {"max_macs", max_macs},
            {"interfaces", std::move(list)}};
}

std::string L2View::settings() const {
    std::string names;
    for (const auto& interface : interfaces)
        names += (names.empty() ? "" : ", ") + printable(interface.name) + (interface.waiting ? " (waiting)" : "");
    const auto reset =
        reset_interval ? "text view resets every " + seconds(reset_interval) : std::string("text view never resets");
    return (names.empty() ? "on no interface" : "on " + names) + "; " + reset;
}

std::vector<Figure> L2View::figures() const {
    return {{"frames", sum_of(interfaces, &Interface::packets)},
            {"bytes", sum_of(interfaces, &Interface::bytes), true}};
}

namespace {

const L2View::Interface* find_interface(const L2View& view, const std::string& name) {
    for (const auto& interface : view.interfaces)
        if (interface.name == name) return &interface;
    return nullptr;
}

// Drivers count at their own pace, so only the impossible is wrong: parts that do not add up, or nothing
// counted although frames arrived.
Finding compare(const Root& root, const Stimulus& stimulus) {
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
            words += " is waiting";
            continue;
        }
        const auto counted = is->packets + is->skipped_packets - was.packets - was.skipped_packets;
        const auto received = *received_after - std::min(*received_after, *received_before[i]);
        words += " received " + grouped(received) + " frames, " + grouped(counted) + " counted";
        if (received >= 10 && counted == 0) return wrong(subject, words, module);
    }
    return {subject, Finding::good, words, ""};
}

} // namespace

Module l2packet_counter() {
    const std::string name = "l2packet_counter";
    return {
        .name = name,
        .section = name,
        .keys = {interfaces("interface"), duration("reset_interval", 86400, 20), number("max_macs", 1, 1048576, 65536)},
        .settings =
            [name](const Config& config) {
                const auto text = [&](const char* key) {
                    return std::to_string(config.get<std::uint32_t>(name + "." + key));
                };
                return std::vector<Setting>{{name, "max_macs", text("max_macs")},
                                            {name, "reset_interval", text("reset_interval")}};
            },
        .watches = "interface",
        .read = [](const Root& root) { return as_view(read_l2(root)); },
        .reset_file = name,
        .compare = compare,
        .in_its_namespace = true,
    };
}

} // namespace kmon
