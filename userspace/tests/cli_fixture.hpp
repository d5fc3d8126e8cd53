// SPDX-License-Identifier: GPL-2.0-only
// kmonctl run in this process, on a tree that stands for the system.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "finding.hpp"
#include "fixture.hpp"
#include "format.hpp"
#include "json.hpp"
#include "kmonctl/cli.hpp"
#include "kmonctl/selftest.hpp"

namespace kmon::cli {

struct Outcome {
    ExitCode code;
    std::string out;
    std::string err;

    Json json() const { return Json::parse(out); }
};

class Cli : public testing::Test {
protected:
    Outcome run(const Root& root, std::vector<const char*> arguments) {
        std::ostringstream out;
        std::ostringstream err;
        Context context(out, err);
        context.root = root;
        context.unicode = unicode;
        context.columns = columns;
        context.err_is_terminal = err_is_terminal;
        context.now = [] { return std::time_t{1'800'000'000}; };
        context.service = [this](const std::string& unit) {
            const auto other = other_services.find(unit);
            if (other != other_services.end()) return Result<Service>(other->second);
            return unit == kmon_service ? service : Service{"not-found", "inactive", "", ""};
        };
        context.stimulus = [this] { return stimulus; };
        context.test_bench = [this] { return bench; };
        context.past_exits = [this](std::time_t since, const VisitExit& visit) {
            past_since = since;
            for (const auto& record : past)
                if (!visit(record)) break;
            return Result<std::uint64_t>(7);
        };
        context.network = [] { return control::Network{{"lo", "veth0", "veth1"}, {}, std::nullopt}; };
        arguments.insert(arguments.begin(), "kmonctl");
        const auto code = cli::run(context, static_cast<int>(arguments.size()), arguments.data());
        return {code, out.str(), err.str()};
    }

    bool unicode = true;
    std::size_t columns = 80;
    bool err_is_terminal = false;
    Result<Service> service = Service{"loaded", "active", "enabled", "5 of 5 modules"};
    std::map<std::string, Service> other_services;
    Stimulus stimulus = {[](unsigned) { return Result<void>(); }, [] { return Result<std::uint64_t>(0); },
                         [](unsigned) { return Result<void>(); }, [] {}};
    TestBench bench;
    std::vector<ExitRecord> past;
    std::time_t past_since = 0;
};

inline std::size_t longest_line(const std::string& text) {
    std::istringstream lines(text);
    std::size_t longest = 0;
    for (std::string line; std::getline(lines, line);)
        longest = std::max(longest, width(line));
    return longest;
}

} // namespace kmon::cli
