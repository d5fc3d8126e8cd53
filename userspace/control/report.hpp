// SPDX-License-Identifier: GPL-2.0-only
// The state of each module, which status, doctor, apply and a reload show. kmond sends it on its socket; if kmond is
// not running, the caller builds it in the same way.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config.hpp"
#include "json.hpp"
#include "result.hpp"
#include "root.hpp"
#include "watched.hpp"

namespace kmon::control {

// A parameter that differs from the configuration, for example because somebody set it by hand.
struct Difference {
    std::string parameter;
    std::string is;
    std::string configured;
    bool at_load = false; // needs a reload of the module
};

struct ModuleReport {
    std::string name;
    bool wanted = true; // enabled in the configuration
    bool loaded = false;
    std::vector<Difference> differences{};
    std::string waits_for{};        // "a default route", "eth9, eth10"; empty: for nothing
    std::optional<Error> problem{}; // why it is not running, or not as configured; the errno is in Error::system
};

struct Report {
    std::string by; // who made the report, for example "kmond"
    std::vector<ModuleReport> modules;

    const ModuleReport* find(const std::string& module) const;
    // The first module that has a problem; nullptr: all is well.
    const ModuleReport* first_problem() const;
};

// Without kmond: observes, and changes nothing.
Report observe(const Root& root, const Config& config, const Result<Network>& network);

// The parts of it, which kmond's own report also uses: the observed state of a module, and what it watches compared
// with what it should watch.
ModuleReport observe(const Root& root, const Config& config, const Module& module);
void look_at_interfaces(const Root& root, const Module& module, const Watched& watched, ModuleReport& report);
std::string words_on_waiting(const Watched& watched);

// Everything that is wrong, as one error; success if nothing is.
Result<void> verdict(const Report& report);

Json to_json(const ModuleReport& module);
Json to_json(const Report& report);
Result<Report> report_from_json(const Json& json);

Json error_json(const Error& error);
Error error_from_json(const Json& json);

} // namespace kmon::control
