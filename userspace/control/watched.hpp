// SPDX-License-Identifier: GPL-2.0-only
// The interfaces that a module watches: those that the configuration names, or that of the default route.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config.hpp"
#include "modules/module.hpp"

namespace kmon::control {

// What matters here about the interfaces.
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
// wanted: the value of a key of the kind `interfaces`.
Watched watched_interfaces(const ConfigValue& wanted, const Network& network);
bool follows_default_route(const ConfigValue& wanted);

// The value of the key that Module::watches follows.
const ConfigValue& interfaces_wanted(const Config& config, const Module& module);

// What the module's parameter is to become, when it is `now`; nothing where it is to stay. The module keeps the
// numbers of an interface that went for as long as it is named, so what it waits for is named again. It refuses to
// begin with one that is away. An interface that was renamed is followed until a new configuration comes.
std::optional<std::string> interface_to_write(const Watched& watched, const std::string& now, bool new_configuration);

} // namespace kmon::control
