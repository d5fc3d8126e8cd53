// SPDX-License-Identifier: GPL-2.0-only
#include "network.hpp"

#include "links.hpp"

namespace kmon::control {

Result<Network> ask_devices() {
    auto links = Links::open();
    if (!links) return fail(links.error());
    const auto devices = links->list();
    if (!devices) return fail(devices.error());
    Network network;
    for (const auto& device : *devices) {
        network.devices.push_back(device.name);
        for (const auto& name : device.alternative_names)
            network.alternative_names.emplace(name, device.name);
    }
    return network;
}

Result<std::optional<std::string>> ask_default_route() {
    auto links = Links::open();
    if (!links) return fail(links.error());
    return links->default_route_interface();
}

Result<Network> ask_network() {
    auto network = ask_devices();
    if (!network) return network;
    auto route = ask_default_route();
    if (!route) return fail(route.error());
    network->default_route = std::move(*route);
    return network;
}

} // namespace kmon::control
