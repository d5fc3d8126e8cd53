// SPDX-License-Identifier: GPL-2.0-only
// Ctrl-C and similar signals as a question to ask, so the program can clean up before it ends.
#pragma once

#include <chrono>
#include <csignal>

namespace kmon::cli {

// While there is one, SIGINT, SIGTERM and SIGHUP end nothing by themselves.
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

// Waits, and no longer than until a signal comes or there is something to read from `input`. False when nobody reads
// `output` any more. -1: there is none.
bool wait_with_reader(std::chrono::milliseconds time, int output, int input = -1);

} // namespace kmon::cli
