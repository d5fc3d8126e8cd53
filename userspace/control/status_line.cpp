// SPDX-License-Identifier: GPL-2.0-only
#include "status_line.hpp"

#include <algorithm>

#include "escape.hpp"
#include "modules/module_table.hpp"

namespace kmon::control {
namespace {

std::string words_on_interfaces(const Root& root, const Module& module, const Watched& watched) {
    auto interfaces = split_interfaces(read_parameter(root, module.name, module.watches).value_or("?"));
    std::erase_if(interfaces, [&](const auto& name) { return std::ranges::count(watched.missing, name) != 0; });
    const auto missing = words_on_waiting(watched);
    const auto waits = missing.empty() ? "" : "waiting for " + missing;
    if (interfaces.empty()) return waits.empty() ? "on no interface" : waits;
    return "on " + printable(join_interfaces(interfaces)) + (waits.empty() ? "" : ", " + waits);
}

// What the status line says about a loaded module.
std::string words_on(const Root& root, const Keeper& keeper, const std::string& name) {
    const auto* module = find_module(name);
    if (!module->watches.empty()) return "; " + name + " " + words_on_interfaces(root, *module, keeper.watched(name));
    return module->brief ? "; " + name + " " + module->brief(root) : "";
}

} // namespace

std::string status_line(const Root& root, const Keeper& keeper) {
    const auto report = keeper.report();
    std::string problems;
    std::string words;
    std::size_t wanted = 0;
    std::size_t loaded = 0;
    for (const auto& module : report.modules) {
        if (!module.wanted) continue;
        ++wanted;
        if (module.problem) problems += "; " + module.name + ": " + sentence(*module.problem);
        if (!module.loaded) continue;
        ++loaded;
        words += words_on(root, keeper, module.name);
    }
    return (problems.empty() ? "" : "degraded: ") + std::to_string(loaded) + " of " + std::to_string(wanted) +
           " modules" + problems + words;
}

} // namespace kmon::control
