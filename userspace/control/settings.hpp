// SPDX-License-Identifier: GPL-2.0-only
// From the configuration to what is written into the modules' parameters.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config.hpp"
#include "sysfs.hpp"

namespace kmon::control {

// What the configuration asks of a module, in the order in which it is to be written. Without l2packet_counter's
// interface, which depends on what interfaces there are.
std::vector<Setting> settings_of(const Config& config, const std::string& module);

// The interfaces as far as they matter here.
struct Network {
    std::vector<std::string> devices;
    std::map<std::string, std::string> alternative_names; // of each its device's name
    std::optional<std::string> default_route;

    bool operator==(const Network&) const = default;
};

// Several interfaces as the parameter has them: "eth0,eth1".
std::vector<std::string> split_interfaces(const std::string& list);
std::string join_interfaces(const std::vector<std::string>& names);

// The configured interfaces (with "auto": that of the default route) that are there, and those to wait for.
struct Watched {
    std::vector<std::string> there;
    std::vector<std::string> missing;
    bool no_route = false; // "auto", and there is no default route

    bool operator==(const Watched&) const = default;
};
Watched watched_interfaces(const Config::L2packetCounter& config, const Network& network);

// What l2packet_counter's interface is to become, when it is `now`; nothing where it is to stay. The module keeps the
// numbers of an interface that went for as long as it is named, so what it waits for is named again. It refuses to
// begin with one that is away. An interface that was renamed is followed until a new configuration comes.
std::optional<std::string> interface_to_write(const Watched& watched, const std::string& now, bool new_configuration);

} // namespace kmon::control
