// SPDX-License-Identifier: GPL-2.0-only
// The network as kmond knows it: asked of the kernel again only where it may have changed. On a router the default
// route is found among hundreds of thousands, and these change all the time.
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
    // route, which may stand among hundreds of thousands, every 60th time.
    void doubt();

    // with_default_route: without it none is asked for, and none is in the answer. An alternative name of a device that
    // went still stands for it, so that l2packet_counter is told to keep that device's numbers.
    Result<Network> ask(bool with_default_route);

private:
    Result<void> ask_devices_again();

    Questions questions_;
    std::optional<Network> devices_;
    std::optional<std::optional<std::string>> default_route_;
    int doubts_ = 0;
    std::map<std::string, std::string> alternative_names_; // those of devices that went, too
};

} // namespace kmon::control
