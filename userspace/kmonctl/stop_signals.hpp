// SPDX-License-Identifier: GPL-2.0-only
// Turns Ctrl-C and similar signals into a flag, so the program can clean up before it exits.
#pragma once

#include <chrono>
#include <csignal>

namespace kmon::cli {

// While an object exists, SIGINT, SIGTERM and SIGHUP only set the flag.
class StopSignals {
public:
    StopSignals();
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    static bool came();

private:
    struct sigaction before_[3] = {};
};

// Waits at most `time`, or until a signal comes or there is something to read from `input`. Returns false if nobody
// reads `output` any more. -1: no such descriptor.
bool wait_with_reader(std::chrono::milliseconds time, int output, int input = -1);

} // namespace kmon::cli
