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

// The facts about the interfaces that matter here.
struct Network {
    std::vector<std::string> devices;
    std::map<std::string, std::string> alternative_names; // alternative name -> name of the interface
    std::optional<std::string> default_route;

    bool operator==(const Network&) const = default;
};

// The parameter's format for several interfaces: "eth0,eth1".
std::vector<std::string> split_interfaces(const std::string& list);
std::string join_interfaces(const std::vector<std::string>& names);

// The configured interfaces (with "auto": that of the default route): those that exist, and those to wait for.
struct Watched {
    std::vector<std::string> there;
    std::vector<std::string> missing;
    bool no_route = false; // it is "auto", and there is no default route

    bool operator==(const Watched&) const = default;
};
// wanted: the value of a key of the kind `interfaces`.
Watched watched_interfaces(const ConfigValue& wanted, const Network& network);
bool follows_default_route(const ConfigValue& wanted);

// The value of the key that Module::watches follows.
const ConfigValue& interfaces_wanted(const Config& config, const Module& module);

// The new value of the module's parameter, which is `now`; nothing if it should stay. As long as an interface that
// disappeared is named, the module keeps its counts, so interfaces that it waits for are named again. The module
// refuses to start watching a missing one. An interface that was renamed is followed until the next configuration.
std::optional<std::string> interface_to_write(const Watched& watched, const std::string& now, bool new_configuration);

} // namespace kmon::control
