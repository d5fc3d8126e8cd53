// SPDX-License-Identifier: GPL-2.0-only
#include "replay.hpp"

#include <algorithm>

#include "history/query.hpp"
#include "modules/module_table.hpp"

namespace kmon::cli {

namespace {

// How many moments before the first one shown fill the graphs.
constexpr std::int64_t moments_before = 100;

} // namespace

Result<Replay> Replay::open(history::History history, std::int64_t from) {
    Replay replay(std::move(history));
    const auto subjects = replay.history_.subjects();
    if (!subjects) return fail(subjects.error());
    const auto extent = replay.history_.extent();
    if (!extent) return fail(extent.error());
    if (extent->from == extent->to || from >= extent->to || from < extent->from)
        return fail("the history has no data for that time", ExitCode::failed, "kmonctl history shows what it has");
    replay.find_uses(*subjects);
    const auto first = replay.history_.row_after(from);
    if (!first) return fail(first.error());
    if (!*first) return fail("the history has no data for that time");
    replay.length_ = (*first)->slot.seconds;
    replay.time_ = std::max(extent->from, (*first)->slot.start - moments_before * replay.length_);
    return replay;
}

Replay::Use& Replay::use_of(std::uint32_t series) {
    if (series >= uses_.size()) uses_.resize(series + 1);
    return uses_[series];
}

void Replay::find_uses(const std::vector<history::Subject>& subjects) {
    for (const auto& [module, table] : history::tables())
        for (const auto& rate : table->rates)
            rates_.push_back({module->name, rate});
    for (const auto& subject : subjects)
        for (std::size_t i = 0; i < subject.figures.size(); ++i)
            use(subject, subject.first + static_cast<std::uint32_t>(i), subject.figures[i]);
}

void Replay::use(const history::Subject& subject, std::uint32_t series, const std::string& figure) {
    for (std::size_t i = 0; i < rates_.size(); ++i)
        if (rates_[i].module == subject.module && rates_[i].rate.figure == figure)
            use_of(series).rate = static_cast<std::uint32_t>(i + 1);
    // A device can have several subjects if a later version recorded more figures.
    const auto& name = subject.label("interface");
    if (figure == "kmon_l2_source_packets" || figure == "kmon_l2_source_bytes") {
        const auto mac = parse_any_mac(subject.label("mac"));
        if (!mac) return;
        const auto [known, is_new] = mac_numbers_.try_emplace({name, *mac}, static_cast<std::uint32_t>(macs_.size()));
        if (is_new) macs_.push_back({.interface = name, .address = *mac});
        use_of(series).mac = known->second + 1;
        use_of(series).bytes = figure.ends_with("bytes");
    }
    const bool received = figure.starts_with("kmon_interface_receive_");
    const bool sent = figure.starts_with("kmon_interface_transmit_");
    if ((received || sent) && (figure.ends_with("bytes") || figure.ends_with("packets"))) {
        auto known = std::ranges::find(interfaces_, name, &InterfaceRate::name);
        if (known == interfaces_.end()) known = interfaces_.insert(interfaces_.end(), InterfaceRate{.name = name});
        use_of(series).interface = static_cast<std::uint32_t>(known - interfaces_.begin() + 1);
        use_of(series).bytes = figure.ends_with("bytes");
        use_of(series).sent = sent;
    }
}

Result<bool> Replay::next(TopModel& model) {
    const auto row = history_.row_after(time_);
    if (!row) return fail(row.error());
    if (!*row) return false;
    const auto& slot = (*row)->slot;
    time_ = slot.start + slot.seconds;
    length_ = slot.seconds;

    std::vector<std::uint64_t> sums(rates_.size());
    for (auto& mac : macs_)
        mac.frames = mac.bytes = 0;
    for (auto& interface : interfaces_)
        interface = {.name = interface.name};
    const auto seconds = static_cast<double>(slot.seconds);
    (void)history::unpack((*row)->growth, [&](const history::Growth& growth) {
        if (growth.series >= uses_.size()) return;
        const auto& use = uses_[growth.series];
        const auto rate = static_cast<double>(growth.by) / seconds;
        if (use.rate) sums[use.rate - 1] += growth.by;
        if (use.mac) {
            auto& mac = macs_[use.mac - 1];
            (use.bytes ? mac.bytes : mac.frames) += rate;
            if (!use.bytes) mac.total += growth.by;
        }
        if (use.interface) {
            auto& interface = interfaces_[use.interface - 1];
            if (use.bytes)
                (use.sent ? interface.tx_bytes : interface.rx_bytes) += rate;
            else
                (use.sent ? interface.tx_packets : interface.rx_packets) += rate;
        }
    });
    for (std::size_t i = 0; i < rates_.size(); ++i)
        model.take_recorded(rates_[i].module, rates_[i].rate.name, rates_[i].rate.bytes,
                            static_cast<double>(sums[i]) / seconds);
    std::vector<MacRate> seen;
    std::ranges::copy_if(macs_, std::back_inserter(seen), [](const MacRate& mac) { return mac.total > 0; });
    model.take_recorded(std::move(seen), interfaces_);
    return true;
}

} // namespace kmon::cli
