// SPDX-License-Identifier: GPL-2.0-only
#include "reading.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "escape.hpp"
#include "joined.hpp"

namespace netmon {
namespace {

using kmon::Link;
using kmon::link_figures;

// A rate with one digit after the point, or null if the driver set its figure back.
std::string rate(std::uint64_t now, std::uint64_t before, double seconds) {
    if (now < before || seconds <= 0) return "null";
    std::array<char, 32> text{};
    const auto [end, error] = std::to_chars(text.begin(), text.end(), static_cast<double>(now - before) / seconds,
                                            std::chars_format::fixed, 1);
    return error == std::errc() ? std::string(text.begin(), end) : "null";
}

// The words of /sys/class/net/NAME/operstate, those of RFC 2863.
std::string_view operstate_text(std::uint8_t state) {
    constexpr std::array<std::string_view, 7> words{"unknown", "notpresent", "down", "lowerlayerdown",
                                                    "testing", "dormant",    "up"};
    return words[state < words.size() ? state : 0];
}

std::string json_array(const std::vector<std::string>& names) {
    return "[" + kmon::joined(names, ",", kmon::json_string) + "]";
}

bool any_meant(const std::string& word, const std::vector<Link>& links) {
    return word == all_interfaces || std::ranges::any_of(links, [&](const auto& link) { return means(word, link); });
}

kmon::Error not_there(const std::string& word) {
    const auto name = kmon::printable(word);
    return {is_glob(word) ? "no interface matches " + name : "there is no interface " + name, kmon::ExitCode::failed,
            "`ip link` lists the interfaces"};
}

} // namespace

std::string timestamp_text(WallTime time, int fraction_digits) {
    using std::chrono::microseconds;
    constexpr std::int64_t second = 1'000'000;
    const auto all = std::chrono::floor<microseconds>(time.time_since_epoch()).count();
    std::string text = std::to_string(all / second);
    if (fraction_digits == 0) return text;
    const std::string fraction = std::to_string(second + all % second); // a 1 before the six digits
    return text + "." + fraction.substr(1, static_cast<std::size_t>(fraction_digits));
}

std::string json_line(const Link& link, std::string_view timestamp, const Link* before, std::optional<double> seconds,
                      bool details) {
    std::string line = "{\"interface\":" + kmon::json_string(link.name);
    const auto add = [&](std::string_view key, std::string_view value) {
        line.append(",\"").append(key).append("\":").append(value);
    };
    add("timestamp", timestamp);
    for (const auto& [key, value] : link_figures)
        add(key, std::to_string(link.stats.*value));
    for (const auto& [key, value] : link_figures) {
        if (!seconds) break;
        add(std::string(key) + "_per_second",
            before == nullptr ? "null" : rate(link.stats.*value, before->stats.*value, *seconds));
    }
    if (details) {
        add("operstate", kmon::json_string(operstate_text(link.operstate)));
        add("altnames", json_array(link.alternative_names));
    }
    return line + "}\n";
}

Readings::Readings(kmon::Links links, Selection selection, Style style, IfMissing if_missing)
    : links_(std::move(links)), selection_(std::move(selection)), style_(style), if_missing_(if_missing) {
    for (const auto& word : selection_.wanted)
        wanted_.push_back({.word = word});
}

// Used until a requested interface has existed.
kmon::Result<void> Readings::look_for_first(const std::vector<Link>& links, Reading& reading) {
    bool any = false;
    for (auto& wanted : wanted_) {
        wanted.there = any_meant(wanted.word, links);
        any = any || wanted.there;
        if (wanted.there && wanted.told_waiting)
            reading.notes.push_back(kmon::printable(wanted.word) + " has appeared");
        if (wanted.there) continue;
        if (if_missing_ == IfMissing::fail) return kmon::fail(not_there(wanted.word));
        if (!std::exchange(wanted.told_waiting, true))
            reading.notes.push_back(kmon::printable(wanted.word) + " does not exist yet; waiting for it");
    }
    reading.waiting = !any;
    first_ = !any;
    return {};
}

void Readings::tell_gone(const std::map<int, Link>& now, Reading& reading) const {
    for (const auto& [index, link] : before_) {
        if (now.contains(index)) continue;
        const auto& name = link.name;
        const bool replaced = std::ranges::any_of(now, [&](const auto& other) { return other.second.name == name; });
        reading.notes.push_back(kmon::printable(name) +
                                (replaced ? " was replaced by another device" : " disappeared"));
    }
}

void Readings::tell_back(const std::vector<Link>& links, Reading& reading) {
    for (auto& wanted : wanted_) {
        const bool there = any_meant(wanted.word, links);
        if (!std::exchange(wanted.there, there) && there && !is_glob(wanted.word))
            reading.notes.push_back(kmon::printable(wanted.word) + " is back");
    }
}

kmon::Result<Readings::Reading> Readings::next() {
    const auto links = links_.list();
    if (!links) return kmon::fail(links.error());
    const SteadyTime now_at = std::chrono::steady_clock::now();
    const auto timestamp = timestamp_text(std::chrono::system_clock::now(), style_.fraction_digits);
    const std::optional<double> seconds =
        style_.rates ? std::optional(std::chrono::duration<double>(now_at - before_at_).count()) : std::nullopt;

    Reading reading;
    std::map<int, Link> now;
    for (const auto& link : *links) {
        if (!selection_.watches(link)) continue;
        const auto before = before_.find(link.index);
        reading.lines +=
            json_line(link, timestamp, before == before_.end() ? nullptr : &before->second, seconds, style_.details);
        now.emplace(link.index, link);
    }
    if (first_) {
        if (auto found = look_for_first(*links, reading); !found) return kmon::fail(found.error());
    } else {
        tell_gone(now, reading);
        tell_back(*links, reading);
    }
    before_ = std::move(now);
    before_at_ = now_at;
    return reading;
}

} // namespace netmon
