// SPDX-License-Identifier: GPL-2.0-only
// The results when `kmonctl doctor` compares kmon's counts with the kernel's own.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "result.hpp"

namespace kmon {

struct Finding {
    enum State { good, warning, bad, skipped };

    std::string subject;
    State state = good;
    std::string words;
    std::string cure; // a command
};

using Findings = std::vector<Finding>;

// Events that doctor causes, to check that they are counted. Tests substitute others.
struct Stimulus {
    std::function<Result<void>(unsigned count)> send_datagrams; // over lo
    std::function<Result<std::uint64_t>()> talk_tcp;            // over lo; the segments sent
    std::function<Result<void>(unsigned count)> end_processes;
    std::function<void()> wait; // for other traffic
};

// Nothing to compare: a missing module is reported elsewhere.
Finding skipped(const std::string& subject, const Error& error);
// The counts are wrong: the cure is to reload the module.
Finding wrong(const std::string& subject, std::string words, const std::string& module);
std::string load_anew(const std::string& module);

} // namespace kmon
