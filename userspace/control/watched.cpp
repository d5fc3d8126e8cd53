// SPDX-License-Identifier: GPL-2.0-only
#include "watched.hpp"

#include <algorithm>
#include <iterator>
#include <sstream>

#include "joined.hpp"

namespace kmon::control {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
}

} // namespace

std::string join_interfaces(const std::vector<std::string>& names) { return joined(names, ","); }

std::vector<std::string> split_interfaces(const std::string& list) {
    std::vector<std::string> names;
    std::istringstream stream(list);
    for (std::string name; std::getline(stream, name, ',');)
        names.push_back(name);
    return names;
}

bool follows_default_route(const ConfigValue& wanted) { return std::holds_alternative<std::string>(wanted); }

const ConfigValue& interfaces_wanted(const Config& config, const Module& module) {
    return config.values.at(module.section + ".interface");
}

Watched watched_interfaces(const ConfigValue& wanted, const Network& network) {
    Watched watched;
    if (follows_default_route(wanted)) {
        watched.no_route = !network.default_route;
        if (network.default_route) watched.there = {*network.default_route};
        return watched;
    }
    for (const auto& configured : std::get<std::vector<std::string>>(wanted)) {
        const auto alternative = network.alternative_names.find(configured);
        const auto& name = alternative == network.alternative_names.end() ? configured : alternative->second;
        auto& names = contains(network.devices, name) ? watched.there : watched.missing;
        if (!contains(names, name)) names.push_back(name);
    }
    return watched;
}

std::optional<std::string> interface_to_write(const Watched& watched, const std::string& now, bool new_configuration) {
    const auto before = split_interfaces(now);
    const bool all_watched =
        std::ranges::all_of(watched.there, [&](const auto& name) { return contains(before, name); });
    const bool all_wanted = watched.no_route || std::ranges::all_of(before, [&](const auto& name) {
                                return contains(watched.there, name) || contains(watched.missing, name);
                            });
    if (all_watched && (all_wanted || !new_configuration)) return std::nullopt;
    auto names = watched.there;
    std::ranges::copy_if(watched.missing, std::back_inserter(names),
                         [&](const auto& name) { return contains(before, name); });
    return join_interfaces(names);
}

} // namespace kmon::control
