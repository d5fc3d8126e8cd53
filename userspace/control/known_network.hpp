// SPDX-License-Identifier: GPL-2.0-only
// A cache of the network's state: the kernel is asked again only for what may have changed. On a router the default
// route is one of hundreds of thousands, which change all the time.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "links.hpp"
#include "network.hpp"

namespace kmon::control {

class KnownNetwork {
public:
    struct Questions {
        std::function<Result<Network>()> devices = ask_devices;
        std::function<Result<std::optional<std::string>>()> default_route = ask_default_route;
    };

    KnownNetwork() = default;
    explicit KnownNetwork(Questions questions) : questions_(std::move(questions)) {}

    void heard(const LinkEvents::Changes& changes);
    void forget() { heard({true, true}); }

    // For the regular check, because not every change is announced: the devices are listed again each time, the default
    // route, which may be one of hundreds of thousands, every 60th time.
    void doubt();

    // with_default_route: otherwise the answer has none. Alternative names of a device that disappeared are kept, so
    // that l2packet_counter is told to keep that device's counts.
    Result<Network> ask(bool with_default_route);

private:
    Result<void> ask_devices_again();

    Questions questions_;
    std::optional<Network> devices_;
    std::optional<std::optional<std::string>> default_route_;
    int doubts_ = 0;
    std::map<std::string, std::string> alternative_names_; // including those of devices that disappeared
};

} // namespace kmon::control
