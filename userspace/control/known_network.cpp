// SPDX-License-Identifier: GPL-2.0-only
#include "known_network.hpp"

#include <algorithm>

namespace kmon::control {

void KnownNetwork::heard(const LinkEvents::Changes& changes) {
    if (changes.links) devices_.reset();
    if (changes.default_route) default_route_.reset();
}

void KnownNetwork::doubt() {
    constexpr int route_every = 60;
    doubts_ = (doubts_ + 1) % route_every;
    heard({.links = true, .default_route = doubts_ == 0});
}

Result<void> KnownNetwork::ask_devices_again() {
    auto now = questions_.devices();
    if (!now) return fail(now.error());
    // For devices that exist, use only the names that the kernel reports.
    std::erase_if(alternative_names_, [&](const auto& known) {
        return std::ranges::find(now->devices, known.second) != now->devices.end();
    });
    for (const auto& [name, device] : now->alternative_names)
        alternative_names_.insert_or_assign(name, device);
    now->alternative_names = alternative_names_;
    devices_ = std::move(*now);
    return {};
}

Result<Network> KnownNetwork::ask(bool with_default_route) {
    if (!devices_) {
        if (auto asked = ask_devices_again(); !asked) return fail(asked.error());
    }
    if (with_default_route && !default_route_) {
        auto asked = questions_.default_route();
        if (!asked) return fail(asked.error());
        default_route_ = std::move(*asked);
    }
    Network network = *devices_;
    if (with_default_route) network.default_route = *default_route_;
    return network;
}

} // namespace kmon::control
