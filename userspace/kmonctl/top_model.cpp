// SPDX-License-Identifier: GPL-2.0-only
#include "top_model.hpp"

#include <algorithm>

namespace kmon::cli {

namespace {

constexpr std::size_t exits_kept = 200;

std::uint64_t key_of(const MacAddress& mac) {
    std::uint64_t key = 0;
    for (const auto byte : mac)
        key = key << 8 | byte;
    return key;
}

// 0 where the counter went back.
double per_second(std::uint64_t now, std::uint64_t before, double seconds) {
    return now > before && seconds > 0 ? static_cast<double>(now - before) / seconds : 0;
}

} // namespace

void Rate::take(std::uint64_t counter, double seconds) {
    known_ = have_last_ && counter >= last_ && seconds > 0;
    if (known_) {
        history_.push_back(per_second(counter, last_, seconds));
        if (history_.size() > longest) history_.erase(history_.begin());
    }
    have_last_ = true;
    last_ = counter;
}

void Rate::lose() { have_last_ = known_ = false; }

double Rate::peak() const { return history_.empty() ? 0 : *std::max_element(history_.begin(), history_.end()); }

void TopModel::take(Snapshot snapshot, double seconds) {
    const auto feed = [seconds](const auto& view, Rate& rate, auto counter) {
        if (view)
            rate.take(counter(*view), seconds);
        else
            rate.lose();
    };
    const auto over = [](const auto& list, auto... members) {
        std::uint64_t sum = 0;
        for (const auto& item : list)
            sum += ((item.*members) + ...);
        return sum;
    };
    using L2 = L2View::Interface;
    using Net = NetmonView::Interface;

    feed(snapshot.localhost, loopback_packets, [](const auto& v) { return v.packets; });
    feed(snapshot.localhost, loopback_bytes, [](const auto& v) { return v.bytes; });
    feed(snapshot.kstat, tcp_packets, [](const auto& v) { return v.packets; });
    feed(snapshot.kstat, tcp_segments, [](const auto& v) { return v.segments; });
    feed(snapshot.l2, frames, [&](const auto& v) { return over(v.interfaces, &L2::packets); });
    feed(snapshot.l2, frame_bytes, [&](const auto& v) { return over(v.interfaces, &L2::bytes); });
    feed(snapshot.netmon, rx_bytes, [&](const auto& v) { return over(v.interfaces, &Net::rx_bytes); });
    feed(snapshot.netmon, tx_bytes, [&](const auto& v) { return over(v.interfaces, &Net::tx_bytes); });
    feed(snapshot.process, exits, [](const auto& v) { return v.exits; });
    feed(snapshot.process, bad_exits, [](const auto& v) { return v.nonzero_exits + v.killed_by_signal; });

    take_macs(snapshot.l2 ? *snapshot.l2 : L2View(), seconds);
    take_interfaces(snapshot.netmon ? *snapshot.netmon : NetmonView(), seconds);
    snapshot_.clear();
    snapshot_.push_back(std::move(snapshot));
    ++readings_;
}

void TopModel::take_macs(const L2View& view, double seconds) {
    macs.clear();
    std::map<std::string, SeenMacs> seen;
    for (const auto& interface : view.interfaces) {
        const auto& before = seen_macs_[interface.name];
        auto& now = seen[interface.name];
        for (const auto& mac : interface.macs) {
            const auto key = key_of(mac.address);
            const auto known = before.find(key);
            // One that is new came since the last reading; in the first reading all are new.
            const Seen last = known != before.end() ? known->second : readings_ ? Seen() : Seen{mac.packets, mac.bytes};
            now[key] = {mac.packets, mac.bytes};
            macs.push_back({interface.name, mac.address, per_second(mac.packets, last.packets, seconds),
                            per_second(mac.bytes, last.bytes, seconds), mac.packets});
        }
    }
    seen_macs_ = std::move(seen);
    std::sort(macs.begin(), macs.end(), [](const auto& a, const auto& b) {
        if (a.frames != b.frames) return a.frames > b.frames;
        return a.total != b.total ? a.total > b.total : a.address < b.address;
    });
}

void TopModel::take_interfaces(const NetmonView& view, double seconds) {
    interfaces.clear();
    std::map<std::string, NetmonView::Interface> seen;
    for (const auto& now : view.interfaces) {
        if (!now.error.empty()) continue;
        const auto known = seen_interfaces_.find(now.name);
        const auto& last = known != seen_interfaces_.end() ? known->second : now;
        interfaces.push_back({now.name, per_second(now.rx_bytes, last.rx_bytes, seconds),
                              per_second(now.tx_bytes, last.tx_bytes, seconds),
                              per_second(now.rx_packets, last.rx_packets, seconds),
                              per_second(now.tx_packets, last.tx_packets, seconds),
                              now.rx_errors + now.tx_errors + now.rx_dropped + now.tx_dropped});
        seen[now.name] = now;
    }
    seen_interfaces_ = std::move(seen);
}

void TopModel::take(const std::vector<ExitRecord>& exits_seen) {
    for (const auto& record : exits_seen)
        latest_exits.push_front(record);
    if (latest_exits.size() > exits_kept) latest_exits.resize(exits_kept);
}

} // namespace kmon::cli
