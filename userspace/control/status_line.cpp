// SPDX-License-Identifier: GPL-2.0-only
#include "status_line.hpp"

#include <algorithm>

#include "escape.hpp"

namespace kmon::control {
namespace {

std::string value_of(const Root& root, const std::string& module, const std::string& parameter) {
    return printable(read_parameter(root, module, parameter).value_or("?"));
}

std::string waiting(const Watched& watched) {
    const auto words = words_on_waiting(watched);
    return words.empty() ? "" : "waits for " + words;
}

std::string l2_words(const Root& root, const Watched& watched) {
    auto interfaces = split_interfaces(read_parameter(root, "l2packet_counter", "interface").value_or("?"));
    std::erase_if(interfaces, [&](const auto& name) { return std::ranges::count(watched.missing, name) != 0; });
    const auto wait = waiting(watched);
    if (interfaces.empty()) return wait.empty() ? "on no interface" : wait;
    return "on " + printable(join_interfaces(interfaces)) + (wait.empty() ? "" : ", " + wait);
}

std::string kstat_words(const Root& root) {
    return (value_of(root, "kstat", "start") == "1" ? "started, counter " : "stopped, counter ") +
           value_of(root, "kstat", "counter");
}

// What is worth a word of a module that runs.
std::string words_on(const Root& root, const Keeper& keeper, const std::string& module) {
    if (module == "l2packet_counter") return "; l2packet_counter " + l2_words(root, keeper.watched());
    if (module == "kstat") return "; kstat " + kstat_words(root);
    return "";
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
