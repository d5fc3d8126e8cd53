// SPDX-License-Identifier: GPL-2.0-only
#include "modules/l2packet_counter.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "escape.hpp"
#include "format.hpp"
#include "joined.hpp"
#include "kernel_counts.hpp"
#include "names.hpp"
#include "parse_text.hpp"
#include "table.hpp"
#include "view_fields.hpp"

namespace kmon {

namespace {

std::optional<MacAddress> parse_mac(std::string_view text) {
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

Result<L2View::Mac> parse_mac_line(Fields& line) {
    L2View::Mac mac;
    std::string address;
    line.get("mac", address).get("packets", mac.packets).get("bytes", mac.bytes);
    line.get("first_seen", mac.first_seen).get("last_seen", mac.last_seen);
    if (line.has("tx_packets")) line.get("tx_packets", mac.tx_packets).get("tx_bytes", mac.tx_bytes);
    if (const auto done = line.done(); !done) return fail(done.error());

    const auto parsed = parse_mac(address);
    if (!parsed) return fail(line.wrong("\"mac\" is not a MAC address"));
    mac.address = *parsed;
    return mac;
}

// Parses a line exactly as the module writes it: there may be a million, and the JSON parser takes ten times as long.
// Nothing: use the JSON parser.
std::optional<L2View::Mac> parse_usual_mac_line(std::string_view line) {
    static constexpr std::string_view begin = R"(,"mac":")";
    const auto at = line.find(begin); // a quote in the preceding name would be escaped
    if (!line.starts_with(R"({"interface":")") || at == std::string_view::npos) return std::nullopt;
    line.remove_prefix(at + begin.size());
    const auto address = parse_mac(line.substr(0, 17));
    if (!address) return std::nullopt;
    line.remove_prefix(17);

    L2View::Mac mac{.address = *address};
    const auto take_sent = [&] {
        return !take(line, R"(,"tx_packets":)") ||
               (take_number(line, mac.tx_packets) && take(line, R"(,"tx_bytes":)") && take_number(line, mac.tx_bytes));
    };
    if (take(line, R"(","packets":)") && take_number(line, mac.packets) && take(line, R"(,"bytes":)") &&
        take_number(line, mac.bytes) && take_sent() && take(line, R"(,"first_seen":)") &&
        take_number(line, mac.first_seen) && take(line, R"(,"last_seen":)") && take_number(line, mac.last_seen) &&
        line == "}")
        return mac;
    return std::nullopt;
}

bool comes_before(const L2View::Mac& a, const L2View::Mac& b, std::uint64_t L2View::Mac::*number) {
    return a.*number != b.*number ? a.*number > b.*number : a.address < b.address;
}

// Keeps the `top` with the highest number, in no order.
void keep_most(std::vector<L2View::Mac>& macs, std::size_t top, std::uint64_t L2View::Mac::*number) {
    if (macs.size() <= top) return;
    std::nth_element(macs.begin(), macs.begin() + static_cast<std::ptrdiff_t>(top), macs.end(),
                     [number](const auto& a, const auto& b) { return comes_before(a, b, number); });
    macs.resize(top);
}

// The MACs of an interface, of which only the busiest are kept.
class Busiest {
public:
    explicit Busiest(std::size_t top) : top_(top), room_(top > View::all / 16 ? View::all : 8 * top + 256) {}

    void add(const L2View::Mac& mac) {
        all_.push_back(mac);
        if (top_ != View::all && all_.size() > room_) forget();
    }

    // If all were requested, they stay in their order.
    std::vector<L2View::Mac> take() {
        if (top_ != View::all) {
            forget();
            std::ranges::sort(all_,
                              [](const auto& a, const auto& b) { return comes_before(a, b, &L2View::Mac::packets); });
        }
        return std::exchange(all_, {});
    }

private:
    // Forgets all except those that are highest in one of the numbers.
    void forget() {
        std::vector<L2View::Mac> kept;
        for (const auto number :
             {&L2View::Mac::packets, &L2View::Mac::bytes, &L2View::Mac::tx_packets, &L2View::Mac::tx_bytes}) {
            // If sent frames are not counted, this number is 0 for all.
            if (std::ranges::none_of(all_, [number](const auto& mac) { return mac.*number != 0; })) continue;
            auto most = all_;
            keep_most(most, top_, number);
            kept.insert(kept.end(), most.begin(), most.end());
        }
        std::ranges::sort(kept, {}, &L2View::Mac::address);
        // Not std::ranges::unique: clang 14 cannot compile that of GCC 12's library.
        kept.erase(
            std::unique(kept.begin(), kept.end(), [](const auto& a, const auto& b) { return a.address == b.address; }),
            kept.end());
        all_ = std::move(kept);
    }

    std::size_t top_;
    std::size_t room_;
    std::vector<L2View::Mac> all_;
};

void parse_sent(Fields& line, L2View::Interface& interface) {
    interface.counts_sent = line.has("tx_packets");
    if (!interface.counts_sent) return;
    line.get("tx_packets", interface.tx_packets).get("tx_bytes", interface.tx_bytes);
    line.get("tx_untracked_packets", interface.tx_untracked_packets);
    line.get("tx_untracked_bytes", interface.tx_untracked_bytes);
    line.get("tx_evicted_packets", interface.tx_evicted_packets).get("tx_evicted_bytes", interface.tx_evicted_bytes);
    line.get("tx_group_packets", interface.tx_group_packets).get("tx_group_bytes", interface.tx_group_bytes);
}

// known_macs is the number of MAC lines that follow.
Result<L2View::Interface> parse_interface(Fields& line) {
    L2View::Interface interface;
    line.get("interface", interface.name).get("waiting", interface.waiting).get("hook", interface.hook);
    line.get("macs", interface.known_macs).get("packets", interface.packets).get("bytes", interface.bytes);
    line.get("untracked_packets", interface.untracked_packets).get("untracked_bytes", interface.untracked_bytes);
    line.get("evicted_packets", interface.evicted_packets).get("evicted_bytes", interface.evicted_bytes);
    line.get("skipped_packets", interface.skipped_packets);
    parse_sent(line, interface);
    if (const auto done = line.done(); !done) return fail(done.error());
    return interface;
}

// The busiest first, by frames of both directions; in the module's own order if all are shown.
std::vector<L2View::Mac> busiest(const L2View::Interface& interface, std::size_t top) {
    auto macs = interface.macs;
    if (top == View::all) return macs;
    const auto shown = std::min(top, macs.size());
    const auto frames = [](const L2View::Mac& mac) { return mac.packets + mac.tx_packets; };
    std::partial_sort(macs.begin(), macs.begin() + static_cast<std::ptrdiff_t>(shown), macs.end(),
                      [&](const auto& a, const auto& b) {
                          return frames(a) != frames(b) ? frames(a) > frames(b) : a.address < b.address;
                      });
    macs.resize(shown);
    return macs;
}

Page top_macs(const L2View::Interface& interface, const NamesByMac& names, const Look& look) {
    const auto macs = busiest(interface, look.top);
    const auto name_of = [&](const L2View::Mac& mac) {
        const auto name = names.find(mac.address);
        return name == names.end() ? std::string() : cut(printable(name->second), 16);
    };
    const bool named = std::ranges::any_of(macs, [&](const auto& mac) { return !name_of(mac).empty(); });
    std::vector<Column> columns = {{printable(interface.name), Column::left, 17}};
    if (named) columns.push_back({.head = "name", .align = Column::left, .first_out = 1});
    columns.insert(columns.end(), {{"frames"}, {"bytes"}, {.head = "share", .at_least = 6, .first_out = 4}});
    if (interface.counts_sent)
        columns.insert(columns.end(), {{.head = "sent", .first_out = 2}, {.head = "sent bytes", .first_out = 2}});
    columns.push_back({.head = "last seen", .first_out = 3});
    Table table(columns);
    for (const auto& mac : macs) {
        std::vector<Cell> row = {text_cell(to_string(mac.address))};
        if (named) row.push_back(text_cell(name_of(mac), Style::strong));
        row.insert(row.end(), {count_cell(mac.packets), bytes_cell(mac.bytes),
                               text_cell(percent(mac.packets, interface.packets))});
        if (interface.counts_sent) row.insert(row.end(), {count_cell(mac.tx_packets), bytes_cell(mac.tx_bytes)});
        row.push_back(text_cell(ago(mac.last_seen, static_cast<std::uint64_t>(std::max<std::time_t>(look.now, 0)))));
        table.row(std::move(row));
    }
    auto page = table.page(look.columns);
    if (interface.known_macs > macs.size())
        page.emplace_back("  and " + grouped(interface.known_macs - macs.size()) + " more", Style::faint);
    return page;
}

std::string reset_words(std::uint64_t interval) {
    return interval ? "text view resets every " + seconds(interval) : "text view never resets";
}

// awaited: how many MAC lines are still to come, including this one.
Result<void> take_mac_line(Lines& lines, std::uint64_t awaited, Busiest& busiest) {
    const auto text = lines.next();
    if (!text) return fail(text.error());
    if (*text)
        if (const auto mac = parse_usual_mac_line(**text)) {
            busiest.add(*mac);
            return {};
        }
    auto line = Fields::of(lines, *text);
    if (!line) return fail(line.error());
    if (!line->has("mac"))
        return fail(lines.wrong(std::to_string(awaited) + " lines of MAC addresses are missing here"));
    const auto mac = parse_mac_line(*line);
    if (!mac) return fail(mac.error());
    busiest.add(*mac);
    return {};
}

} // namespace

Result<L2View> parse_l2(Lines& lines, std::size_t top) {
    L2View view;
    auto head = first_line(lines, "l2packet_counter", view);
    if (!head) return fail(head.error());
    head->get("hook", view.hook).get("reset_interval", view.reset_interval).get("max_macs", view.max_macs);
    if (head->has("direction")) head->get("direction", view.direction);
    if (const auto done = head->done(); !done) return fail(done.error());

    std::uint64_t awaited = 0; // MAC lines still to come for the last interface
    Busiest busiest(top);
    for (;;) {
        if (awaited) {
            if (const auto done = take_mac_line(lines, awaited, busiest); !done) return fail(done.error());
            if (--awaited == 0) view.interfaces.back().macs = busiest.take();
            continue;
        }
        auto line = Fields::next(lines);
        if (!line) return fail(line.error());
        if (line->at_end()) return view;
        auto interface = parse_interface(*line);
        if (!interface) return fail(interface.error());
        awaited = interface->known_macs;
        view.interfaces.push_back(std::move(*interface));
    }
}

Result<L2View> read_l2(const Root& root, std::size_t top) {
    auto lines = Lines::open(root.proc / "l2packet_counter.json", "l2packet_counter");
    if (!lines) return fail(lines.error());
    auto view = parse_l2(*lines, top);
    if (view) view->ethers = read_ethers(root);
    return view;
}

Page L2View::page(const Look& look) const {
    Page page = {heading("FRAMES BY SOURCE MAC", "l2packet_counter", version + ", " + reset_words(reset_interval))};
    if (interfaces.empty()) {
        page.emplace_back("  no interface is watched", Style::faint);
        return page;
    }
    const auto sent = std::ranges::any_of(interfaces, &Interface::counts_sent);
    std::vector<Column> columns = {{"interface", Column::left, 17}, {"frames"}, {"bytes"}};
    if (sent) columns.insert(columns.end(), {{.head = "sent", .first_out = 3}, {.head = "sent bytes", .first_out = 3}});
    columns.insert(
        columns.end(),
        {{.head = "MACs", .first_out = 2}, {.head = "untracked", .first_out = 1}, {.head = "evicted", .first_out = 2}});
    Table table(columns);
    for (const auto& i : interfaces) {
        const auto name = printable(i.name);
        std::vector<Cell> row = {i.waiting ? text_cell(name + " (waiting)", Style::warning) : text_cell(name),
                                 count_cell(i.packets), bytes_cell(i.bytes)};
        if (sent)
            row.insert(row.end(),
                       {count_cell(i.tx_packets + i.tx_group_packets), bytes_cell(i.tx_bytes + i.tx_group_bytes)});
        row.push_back(count_cell(i.known_macs));
        row.push_back(fault_cell(i.untracked_packets + i.tx_untracked_packets));
        row.push_back(count_cell(i.evicted_packets + i.tx_evicted_packets));
        table.row(std::move(row));
    }
    append(page, table.page(look.columns));
    for (const auto& interface : interfaces) {
        if (interface.macs.empty() || look.top == 0) continue;
        page.emplace_back();
        append(page, top_macs(interface, ethers, look));
    }
    return page;
}

namespace {

Json mac_json(const L2View::Mac& mac, bool counts_sent) {
    Json json = {{"mac", to_string(mac.address)}, {"packets", mac.packets}, {"bytes", mac.bytes}};
    if (counts_sent) json.update({{"tx_packets", mac.tx_packets}, {"tx_bytes", mac.tx_bytes}});
    json.update({{"first_seen", mac.first_seen}, {"last_seen", mac.last_seen}});
    return json;
}

} // namespace

Json L2View::json(std::size_t top) const {
    Json list = Json::array();
    for (const auto& i : interfaces) {
        Json macs = Json::array();
        for (const auto& m : busiest(i, top)) {
            macs.push_back(mac_json(m, i.counts_sent));
            if (const auto name = ethers.find(m.address); name != ethers.end()) macs.back()["name"] = name->second;
        }
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
                        {"mac_count", i.known_macs},
                        {"macs", std::move(macs)}});
        if (i.counts_sent)
            list.back().update({{"tx_packets", i.tx_packets},
                                {"tx_bytes", i.tx_bytes},
                                {"tx_untracked_packets", i.tx_untracked_packets},
                                {"tx_untracked_bytes", i.tx_untracked_bytes},
                                {"tx_evicted_packets", i.tx_evicted_packets},
                                {"tx_evicted_bytes", i.tx_evicted_bytes},
                                {"tx_group_packets", i.tx_group_packets},
                                {"tx_group_bytes", i.tx_group_bytes}});
    }
    return {{"version", version},   {"hook", hook},           {"reset_interval", reset_interval},
            {"max_macs", max_macs}, {"direction", direction}, {"interfaces", std::move(list)}};
}

std::string L2View::settings() const {
    const auto watched = joined(interfaces, ", ", [](const Interface& interface) {
        return printable(interface.name) + (interface.waiting ? " (waiting)" : "");
    });
    const auto* const both = direction == "both" ? ", both directions" : "";
    return (watched.empty() ? "on no interface" : "on " + watched) + both + "; " + reset_words(reset_interval);
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

// Drivers update their counters at their own pace, so only impossible results are wrong: parts that do not add up, or
// nothing counted although frames arrived.
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
        if (sum_of(is->macs, &L2View::Mac::tx_packets) + is->tx_untracked_packets + is->tx_evicted_packets !=
            is->tx_packets)
            return wrong(subject, name + ": the addresses do not add up to " + grouped(is->tx_packets) + " sent frames",
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

using Interface = L2View::Interface;

std::vector<std::string> by_name(const Interface& interface) { return {interface.name}; }

Family of_interface(const std::string& name, const std::string& help, std::uint64_t Interface::*number) {
    return counter("kmon_l2_" + name, help, {"interface"}, each(&L2View::interfaces, by_name, number));
}

// The same for sent frames, if the module counts them.
Family of_interface_sent(const std::string& name, const std::string& help, std::uint64_t Interface::*number) {
    return counter("kmon_l2_sent_" + name, help, {"interface"},
                   made_by<L2View>([number](const L2View& view, std::size_t) {
                       Samples samples;
                       for (const auto& interface : view.interfaces)
                           if (interface.counts_sent) samples.push_back({{interface.name}, interface.*number});
                       return samples;
                   }));
}

// The MACs with the highest `number`, and the rest as one, including frames of no known MAC. The rest never goes down,
// because the same number decides which MACs get their own series: a MAC that leaves the rest has just overtaken the
// one that enters it.
Samples by_mac(const Interface& interface, std::size_t top, std::uint64_t L2View::Mac::*number,
               std::uint64_t Interface::*total) {
    // The recorder wants all of them. It accepts any order, and is fastest if the order is that of the last reading.
    auto macs = interface.macs;
    keep_most(macs, top, number);
    if (top != View::all)
        std::ranges::sort(macs, [number](const auto& a, const auto& b) { return comes_before(a, b, number); });
    Samples samples;
    samples.reserve(macs.size() + 1);
    auto rest = interface.*total;
    for (const auto& mac : macs) {
        samples.push_back(
            {.labels = {interface.name, to_string(mac.address)}, .value = mac.*number, .created = mac.first_seen});
        rest -= std::min(rest, mac.*number);
    }
    samples.push_back({{interface.name, the_others}, rest});
    return samples;
}

Family of_source(const std::string& name, const std::string& help, std::uint64_t L2View::Mac::*number,
                 std::uint64_t Interface::*total) {
    return counter("kmon_l2_source_" + name, help, {"interface", "mac"},
                   made_by<L2View>([number, total](const L2View& view, std::size_t top) {
                       Samples samples;
                       for (const auto& interface : view.interfaces)
                           std::ranges::move(by_mac(interface, top, number, total), std::back_inserter(samples));
                       return samples;
                   }));
}

// Only if the module also counts sent frames.
Family of_destination(const std::string& name, const std::string& help, std::uint64_t L2View::Mac::*number,
                      std::uint64_t Interface::*total) {
    return counter("kmon_l2_destination_" + name, help, {"interface", "mac"},
                   made_by<L2View>([number, total](const L2View& view, std::size_t top) {
                       Samples samples;
                       for (const auto& interface : view.interfaces)
                           if (interface.counts_sent)
                               std::ranges::move(by_mac(interface, top, number, total), std::back_inserter(samples));
                       return samples;
                   }));
}

Samples last_seen(const L2View& view, std::size_t top) {
    Samples samples;
    for (const auto& interface : view.interfaces)
        for (const auto& mac : busiest(interface, top))
            samples.push_back({{interface.name, to_string(mac.address)}, mac.last_seen});
    return samples;
}

Samples folded(const L2View& view, std::size_t top) {
    Samples samples;
    for (const auto& interface : view.interfaces)
        samples.push_back(
            {{interface.name}, interface.known_macs - std::min<std::uint64_t>(top, interface.known_macs)});
    return samples;
}

} // namespace

Module l2packet_counter() {
    const std::string name = "l2packet_counter";
    return {
        .name = name,
        .section = name,
        .keys = {interfaces("interface"), choice("direction", {"rx", "both"}), duration("reset_interval", 86400, 20),
                 number("max_macs", 1, 1048576, 65536)},
        .settings =
            [name](const Config& config) {
                const auto text = [&](const char* key) {
                    return std::to_string(config.get<std::uint32_t>(name + "." + key));
                };
                return std::vector<Setting>{{name, "max_macs", text("max_macs")},
                                            {name, "reset_interval", text("reset_interval")},
                                            {name, "direction", config.get<std::string>(name + ".direction")}};
            },
        .watches = "interface",
        .read = [](const Root& root) { return as_view(read_l2(root)); },
        .read_top = [](const Root& root, std::size_t top) { return as_view(read_l2(root, top)); },
        .metrics =
            {
                of_interface("packets", "Frames received, except those with a group source address.",
                             &Interface::packets),
                of_interface("bytes", "Bytes of the frames received, Ethernet header included.", &Interface::bytes),
                of_source("packets", "Frames received by source MAC address: the busiest by frames, the rest as other.",
                          &L2View::Mac::packets, &Interface::packets),
                of_source("bytes", "Bytes received by source MAC address: the busiest by bytes, the rest as other.",
                          &L2View::Mac::bytes, &Interface::bytes),
                of_destination("packets", "Frames sent by destination MAC address, if direction is both.",
                               &L2View::Mac::tx_packets, &Interface::tx_packets),
                of_destination("bytes", "Bytes sent by destination MAC address, if direction is both.",
                               &L2View::Mac::tx_bytes, &Interface::tx_bytes),
                gauge("kmon_l2_source_last_seen_timestamp_seconds",
                      "When the last frame from or to the MAC address passed.", {"interface", "mac"},
                      made_by<L2View>(last_seen)),
                recorded(gauge("kmon_l2_sources", "MAC addresses that the module knows.", {"interface"},
                               each(&L2View::interfaces, by_name, &Interface::known_macs))),
                gauge("kmon_l2_folded_sources", "MAC addresses that are counted as other.", {"interface"},
                      made_by<L2View>(folded)),
                of_interface("untracked_packets", "Frames of sources beyond max_macs.", &Interface::untracked_packets),
                of_interface("untracked_bytes", "Bytes of sources beyond max_macs.", &Interface::untracked_bytes),
                of_interface("evicted_packets", "Frames of sources that were evicted because they were idle.",
                             &Interface::evicted_packets),
                of_interface("evicted_bytes", "Bytes of sources that were evicted because they were idle.",
                             &Interface::evicted_bytes),
                of_interface("skipped_packets", "Frames with a group source address.", &Interface::skipped_packets),
                of_interface_sent("packets", "Frames sent, except those to group addresses, if direction is both.",
                                  &Interface::tx_packets),
                of_interface_sent("bytes", "Bytes of the frames sent, Ethernet header included.", &Interface::tx_bytes),
                of_interface_sent("group_packets", "Frames sent to broadcast and multicast addresses.",
                                  &Interface::tx_group_packets),
                of_interface_sent("group_bytes", "Bytes sent to broadcast and multicast addresses.",
                                  &Interface::tx_group_bytes),
                of_interface_sent("untracked_packets", "Frames sent to destinations beyond max_macs.",
                                  &Interface::tx_untracked_packets),
                of_interface_sent("untracked_bytes", "Bytes sent to destinations beyond max_macs.",
                                  &Interface::tx_untracked_bytes),
                of_interface_sent("evicted_packets",
                                  "Frames sent to destinations that were evicted because they were idle.",
                                  &Interface::tx_evicted_packets),
                of_interface_sent("evicted_bytes",
                                  "Bytes sent to destinations that were evicted because they were idle.",
                                  &Interface::tx_evicted_bytes),
                gauge("kmon_l2_attached", "1 while the interface is counted, 0 while it is missing.",
                      {"interface", "hook"},
                      each(
                          &L2View::interfaces,
                          [](const Interface& i) {
                              return std::vector{i.name, i.hook};
                          },
                          [](const Interface& i) { return !i.waiting; })),
                gauge("kmon_l2_reset_interval_seconds", "Seconds between resets of the text view; 0: never.", {},
                      one(&L2View::reset_interval)),
                gauge("kmon_l2_max_sources", "Maximum number of MAC addresses kept for each interface.", {},
                      one(&L2View::max_macs)),
            },
        .history = {.name = "devices",
                    .labels = {"interface", "mac"},
                    .columns = {{"sent_bytes", "sent", "kmon_l2_source_bytes", true},
                                {"received_bytes", "received", "kmon_l2_destination_bytes", true},
                                {"sent_packets", "", "kmon_l2_source_packets"},
                                {"received_packets", "", "kmon_l2_destination_packets"}},
                    .rates = {{"frames", "kmon_l2_packets"}, {"bytes", "kmon_l2_bytes", true}}},

        .reset_file = name,
        .compare = compare,
        .in_its_namespace = true,
    };
}

} // namespace kmon
