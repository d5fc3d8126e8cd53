// SPDX-License-Identifier: GPL-2.0-only
#include "reading.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "configured_interface.hpp"
#include "escape.hpp"

namespace netmon {
namespace {

using kmon::Link;
using kmon::link_figures;

// One digit after the point. Nothing sensible can be said where a driver set its figure back.
std::string rate(std::uint64_t now, std::uint64_t before, double seconds) {
    if (now < before || seconds <= 0) return "null";
    std::array<char, 32> text{};
    const auto [end, error] = std::to_chars(text.begin(), text.end(), static_cast<double>(now - before) / seconds,
                                            std::chars_format::fixed, 1);
    return error == std::errc() ? std::string(text.begin(), end) : "null";
}

std::int64_t unix_time() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

} // namespace

std::string json_line(const Link& link, std::int64_t timestamp, const Link* before, std::optional<double> seconds) {
    std::string line = "{\"interface\":" + kmon::json_string(link.name);
    const auto add = [&](std::string_view key, const std::string& value) {
        line.append(",\"").append(key).append("\":").append(value);
    };
    add("timestamp", std::to_string(timestamp));
    for (const auto& [key, value] : link_figures)
        add(key, std::to_string(link.stats.*value));
    for (const auto& [key, value] : link_figures) {
        if (!seconds) break;
        add(std::string(key) + "_per_second",
            before == nullptr ? "null" : rate(link.stats.*value, before->stats.*value, *seconds));
    }
    return line + "}\n";
}

Readings::Readings(kmon::Links links, std::string interface, bool rates, IfMissing if_missing)
    : links_(std::move(links)), interface_(std::move(interface)), rates_(rates), if_missing_(if_missing) {}

bool Readings::watched(const Link& link) const {
    return interface_ == all_interfaces ? !link.loopback : link.name == interface_;
}

std::vector<std::string> Readings::changes(const std::map<int, Link>& now) const {
    std::vector<std::string> notes;
    for (const auto& [index, link] : before_) {
        if (now.contains(index)) continue;
        const auto& name = link.name;
        const bool replaced = std::ranges::any_of(now, [&](const auto& other) { return other.second.name == name; });
        notes.push_back(kmon::printable(name) + (replaced ? " is another device now" : " went away"));
    }
    if (interface_ != all_interfaces && before_.empty() && !now.empty())
        notes.push_back(kmon::printable(interface_) + " is back");
    return notes;
}

kmon::Result<Readings::Reading> Readings::next() {
    auto links = links_.list();
    if (!links) return kmon::fail(links.error());
    const SteadyTime now_at = std::chrono::steady_clock::now();
    const std::int64_t timestamp = unix_time();
    const std::optional<double> seconds =
        rates_ ? std::optional(std::chrono::duration<double>(now_at - before_at_).count()) : std::nullopt;

    Reading reading;
    std::map<int, Link> now;
    for (auto& link : *links) {
        if (!watched(link)) continue;
        const auto before = before_.find(link.index);
        reading.lines += json_line(link, timestamp, before == before_.end() ? nullptr : &before->second, seconds);
        now.emplace(link.index, std::move(link));
    }
    if (!first_) {
        reading.notes = changes(now);
    } else if (now.empty() && interface_ != all_interfaces) {
        if (if_missing_ == IfMissing::fail)
            return kmon::fail("there is no interface " + kmon::printable(interface_), kmon::ExitCode::failed,
                              "`ip link` lists those that there are");
        if (!std::exchange(waiting_, true))
            reading.notes.push_back(kmon::printable(interface_) + " is not there yet, waiting for it");
        reading.waiting = true;
        return reading;
    } else if (waiting_) {
        reading.notes.push_back(kmon::printable(interface_) + " is there now");
    }
    first_ = false;
    before_ = std::move(now);
    before_at_ = now_at;
    return reading;
}

} // namespace netmon
