// SPDX-License-Identifier: GPL-2.0-only
// How each module is: the one answer that status, doctor, apply and a reload show. kmond gives it on its socket; where
// kmond does not run, the caller builds it by the same means.
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

// A setting that is not as the configuration has it, as one that somebody set by hand.
struct Difference {
    std::string parameter;
    std::string is;
    std::string configured;
    bool at_load = false; // needs a reload of the module
};

struct ModuleReport {
    std::string name;
    bool wanted = true; // by the configuration
    bool loaded = false;
    std::vector<Difference> differences{};
    std::string waits_for{};        // "a default route", "eth9, eth10"; empty: for nothing
    std::optional<Error> problem{}; // why it does not run, or not as configured; the errno is in Error::system
};

struct Report {
    std::string by; // "kmond", or who put it together
    std::vector<ModuleReport> modules;

    const ModuleReport* find(const std::string& module) const;
    // The first module that has a problem; nullptr: all is well.
    const ModuleReport* first_problem() const;
};

// Without kmond: what there is to see. Nothing is changed.
Report observe(const Root& root, const Config& config, const Result<Network>& network);

// The parts of it, which kmond's own report is made of, too: what there is to see of a module, and what it watches
// beside what it should.
ModuleReport observe(const Root& root, const Config& config, const Module& module);
void look_at_interfaces(const Root& root, const Module& module, const Watched& watched, ModuleReport& report);
std::string words_on_waiting(const Watched& watched);

// All that is wrong, as one error; a success where nothing is.
Result<void> verdict(const Report& report);

Json to_json(const ModuleReport& module);
Json to_json(const Report& report);
Result<Report> report_from_json(const Json& json);

Json error_json(const Error& error);
Error error_from_json(const Json& json);

} // namespace kmon::control
