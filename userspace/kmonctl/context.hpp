// SPDX-License-Identifier: GPL-2.0-only
// What a command works with: the system that it inspects, where it writes, and how.
#pragma once

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <functional>
#include <ostream>
#include <string>

#include "control/network.hpp"
#include "names.hpp"
#include "past_exits.hpp"
#include "progress.hpp"
#include "root.hpp"
#include "service.hpp"

namespace kmon {
struct Stimulus;
}

namespace kmon::cli {

struct TestBench;

struct Context {
    Context(std::ostream& data, std::ostream& messages) : out(data), err(messages) {}

    Root root;
    std::ostream& out; // data
    std::ostream& err; // messages
    bool json = false;
    bool colour = false;
    bool unicode = false;
    int out_descriptor = -1;                             // of `out`, if it has one
    std::function<int()> write_error = [] { return 0; }; // errno of a failed write to `out`; 0: none failed
    bool err_is_terminal = false;
    std::size_t columns = 80;
    Result<ExitCode> outcome = ExitCode::ok; // of the command: its exit code, or why it failed
    std::function<std::time_t()> now = [] { return std::time(nullptr); };
    std::function<Result<Service>(const std::string& unit)> service = query_service;

    std::function<Result<control::Network>()> network = control::ask_network;
    std::function<NamesByMac()> neighbours = kmon::neighbours;

    std::function<Result<std::uint64_t>(std::time_t since, const VisitExit& visit)> past_exits = read_past_exits;

    std::function<Stimulus()> stimulus;    // see finding.hpp
    std::function<TestBench()> test_bench; // see selftest.hpp

    Progress progress(std::string what) const { return {err, err_is_terminal, std::move(what)}; }
};

// The width of pages that people paste into mails and tickets: at most 80, however wide the terminal is.
inline std::size_t page_columns(const Context& context) { return std::min<std::size_t>(context.columns, 80); }

// For this process, its terminal and its environment (NO_COLOR, TERM, the locale).
Context context_of_process();

} // namespace kmon::cli
