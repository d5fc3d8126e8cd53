// SPDX-License-Identifier: GPL-2.0-only
#include "modules/module_table.hpp"

#include <algorithm>
#include <iterator>

#include "escape.hpp"

namespace kmon {

Module localhost_monitor();
Module l2packet_counter();
Module kstat();
Module netmon_proc();
Module process_monitor();

const std::vector<Module>& modules() {
    static const std::vector<Module> all = {
        localhost_monitor(), // traffic over loopback
        l2packet_counter(),  // received frames by source MAC
        kstat(),             // outgoing TCP
        netmon_proc(),       // the figures of each interface
        process_monitor(),   // process exits
    };
    return all;
}

const Module* find_module(const std::string& name) {
    const auto found = std::ranges::find(modules(), name, &Module::name);
    return found == modules().end() ? nullptr : &*found;
}

std::vector<std::string> module_names() {
    std::vector<std::string> names;
    std::ranges::transform(modules(), std::back_inserter(names), &Module::name);
    return names;
}

std::vector<ConfigKey> keys_of(const Module& module) {
    std::vector<ConfigKey> keys = {yes_or_no("enabled", true)};
    keys.insert(keys.end(), module.keys.begin(), module.keys.end());
    keys.push_back(choice("view_mode", {"0444", "0440", "0400"}));
    keys.push_back(number("view_gid", 0, 2147483647, 0));
    return keys;
}

std::vector<Setting> settings_of(const Config& config, const std::string& module) {
    const auto* known = find_module(module);
    return known && known->settings ? known->settings(config) : std::vector<Setting>();
}

bool is_default(const Setting& setting) {
    static const Config defaults;
    return std::ranges::count(settings_of(defaults, setting.module), setting) > 0;
}

// Defaults are not passed, so modprobe.d can set something else.
std::vector<Setting> load_settings_of(const Config& config, const std::string& module) {
    const auto* known = find_module(module);
    if (!known) return {};
    std::vector<Setting> settings;
    if (const auto mode = config.get<std::string>(known->section + ".view_mode"); mode != "0444")
        settings.push_back({module, "view_mode", mode});
    if (const auto group = config.get<std::uint32_t>(known->section + ".view_gid"); group != 0)
        settings.push_back({module, "view_gid", std::to_string(group)});
    return settings;
}

Line heading(const std::string& title, const std::string& module, const std::string& words) {
    return Line(title, Style::heading).add("  " + module + " " + printable(words), Style::faint);
}

} // namespace kmon
