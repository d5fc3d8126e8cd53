// SPDX-License-Identifier: GPL-2.0-only
#include "network.hpp"

#include "links.hpp"

namespace kmon::control {

Result<Network> ask_network() {
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
    auto route = links->default_route_interface();
    if (!route) return fail(route.error());
    network.default_route = *route;
    return network;
}

} // namespace kmon::control
