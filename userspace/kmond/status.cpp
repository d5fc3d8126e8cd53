// SPDX-License-Identifier: GPL-2.0-only
#include "status.hpp"

#include <algorithm>

#include "escape.hpp"

namespace kmon::kmond {
namespace {

std::string value_of(const Root& root, const std::string& module, const std::string& parameter) {
    return printable(read_parameter(root, module, parameter).value_or("?"));
}

std::string waiting(const Watched& watched) {
    if (watched.no_route) return "waits for a default route";
    std::string names;
    for (const auto& name : watched.missing)
        names += (names.empty() ? "" : ", ") + printable(name);
    return names.empty() ? "" : "waits for " + names;
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
    const auto reports = keeper.report();
    std::string problems;
    std::string words;
    for (const auto& report : reports) {
        if (report.problem) problems += "; " + report.name + ": " + sentence(*report.problem);
        if (report.loaded) words += words_on(root, keeper, report.name);
    }
    const auto loaded = std::ranges::count_if(reports, &ModuleReport::loaded);
    return (problems.empty() ? "" : "degraded: ") + std::to_string(loaded) + " of " + std::to_string(reports.size()) +
           " modules" + problems + words;
}

} // namespace kmon::kmond
