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

// 0 if the counter went down.
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

void Rate::take_rate(double rate) {
    known_ = true;
    history_.push_back(rate);
    if (history_.size() > longest) history_.erase(history_.begin());
}

void Rate::lose() { have_last_ = known_ = false; }

double Rate::peak() const { return history_.empty() ? 0 : *std::max_element(history_.begin(), history_.end()); }

void TopModel::take(const Snapshot& snapshot, double seconds) {
    for (const auto& reading : snapshot)
        take_figures(reading, seconds);
    const auto* l2 = view_in<L2View>(snapshot);
    const auto* netmon = view_in<NetmonView>(snapshot);
    take_macs(l2 ? *l2 : L2View(), seconds);
    take_interfaces(netmon ? *netmon : NetmonView(), seconds);
    ++readings_;
}

void TopModel::take_figures(const Reading& reading, double seconds) {
    auto known = std::ranges::find(rates, reading.module->name, &ModuleRates::module);
    if (known == rates.end())
        known = rates.insert(rates.end(), ModuleRates{.module = reading.module->name, .missing = {}, .figures = {}});
    if (!reading.view) {
        known->missing = reading.view.error();
        for (auto& figure : known->figures)
            figure.rate.lose();
        return;
    }
    known->missing.reset();
    for (const auto& figure : (*reading.view)->figures()) {
        auto rate = std::ranges::find(known->figures, figure.name, &FigureRate::name);
        if (rate == known->figures.end())
            rate = known->figures.insert(known->figures.end(), FigureRate{figure.name, figure.bytes, {}});
        rate->rate.take(figure.value, seconds);
    }
}

const Rate* TopModel::rate_of(const std::string& module, const std::string& figure) const {
    const auto known = std::ranges::find(rates, module, &ModuleRates::module);
    if (known == rates.end()) return nullptr;
    const auto rate = std::ranges::find(known->figures, figure, &FigureRate::name);
    return rate == known->figures.end() ? nullptr : &rate->rate;
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
            // A new address appeared since the last reading. In the first reading all are new, so that one has no
            // rates.
            const Seen last = known != before.end() ? known->second : readings_ ? Seen() : Seen{mac.packets, mac.bytes};
            now[key] = {mac.packets, mac.bytes};
            macs.push_back({interface.name, mac.address, per_second(mac.packets, last.packets, seconds),
                            per_second(mac.bytes, last.bytes, seconds), mac.packets});
        }
    }
    seen_macs_ = std::move(seen);
    sort_macs();
}

void TopModel::sort(bool by_bytes_now) {
    by_bytes = by_bytes_now;
    sort_macs();
}

void TopModel::sort_macs() {
    std::sort(macs.begin(), macs.end(), [this](const auto& a, const auto& b) {
        if (by_bytes && a.bytes != b.bytes) return a.bytes > b.bytes;
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
        interfaces.push_back(
            {now.name, per_second(now.rx_bytes, last.rx_bytes, seconds),
             per_second(now.tx_bytes, last.tx_bytes, seconds), per_second(now.rx_packets, last.rx_packets, seconds),
             per_second(now.tx_packets, last.tx_packets, seconds), now.rx_errors + now.tx_errors + now.tx_dropped});
        seen[now.name] = now;
    }
    seen_interfaces_ = std::move(seen);
}

void TopModel::take_recorded(const std::string& module, const std::string& figure, bool bytes, double rate) {
    auto known = std::ranges::find(rates, module, &ModuleRates::module);
    if (known == rates.end())
        known = rates.insert(rates.end(), ModuleRates{.module = module, .missing = {}, .figures = {}});
    auto of_figure = std::ranges::find(known->figures, figure, &FigureRate::name);
    if (of_figure == known->figures.end())
        of_figure = known->figures.insert(known->figures.end(), FigureRate{figure, bytes, {}});
    of_figure->rate.take_rate(rate);
}

void TopModel::take_recorded(std::vector<MacRate> seen, std::vector<InterfaceRate> links) {
    macs = std::move(seen);
    interfaces = std::move(links);
    sort_macs();
    ++readings_;
}

void TopModel::take(const std::vector<ExitRecord>& exits_seen) {
    for (const auto& record : exits_seen)
        latest_exits.push_front(record);
    if (latest_exits.size() > exits_kept) latest_exits.resize(exits_kept);
}

} // namespace kmon::cli
