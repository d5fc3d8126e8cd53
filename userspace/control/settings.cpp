// SPDX-License-Identifier: GPL-2.0-only
#include "settings.hpp"

#include <algorithm>
#include <iterator>
#include <sstream>

namespace kmon::control {
namespace {

std::string flag(bool value) { return value ? "1" : "0"; }

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
}

} // namespace

std::vector<Setting> settings_of(const Config& config, const std::string& module) {
    if (module == "l2packet_counter")
        return {{module, "max_macs", std::to_string(config.l2packet_counter.max_macs)},
                {module, "reset_interval", std::to_string(config.l2packet_counter.reset_interval)}};
    if (module == "localhost_monitor") return {{module, "log_packets", flag(config.localhost_monitor.log_packets)}};
    if (module == "kstat")
        return {{module, "counter", std::to_string(config.kstat.counter)}, {module, "start", flag(config.kstat.start)}};
    if (module == "netmon_proc") return {{module, "iface", config.netmon.interface}};
    if (module == "process_monitor")
        return {{module, "log_rate", std::to_string(config.process_monitor.log_rate)},
                {module, "log", flag(config.process_monitor.log)}};
    return {};
}

std::string join_interfaces(const std::vector<std::string>& names) {
    std::string list;
    for (const auto& name : names)
        list += (list.empty() ? "" : ",") + name;
    return list;
}

std::vector<std::string> split_interfaces(const std::string& list) {
    std::vector<std::string> names;
    std::istringstream stream(list);
    for (std::string name; std::getline(stream, name, ',');)
        names.push_back(name);
    return names;
}

Watched watched_interfaces(const Config::L2packetCounter& config, const Network& network) {
    Watched watched;
    if (config.follow_default_route) {
        watched.no_route = !network.default_route;
        if (network.default_route) watched.there = {*network.default_route};
        return watched;
    }
    for (const auto& configured : config.interfaces) {
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
