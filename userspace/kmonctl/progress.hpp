// SPDX-License-Identifier: GPL-2.0-only
// A line on the terminal that says what is being done and for how long. It appears after a second.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <ostream>
#include <string>
#include <thread>

namespace kmon::cli {

class Progress {
public:
    // Without a terminal it prints nothing.
    Progress(std::ostream& err, bool terminal, std::string what);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void say(std::string what);

private:
    using Clock = std::chrono::steady_clock;

    void show();

    std::ostream& err_;
    Clock::time_point began_ = Clock::now();
    std::mutex lock_;
    std::condition_variable changed_;
    std::string what_;
    bool done_ = false;
    std::thread thread_;
};

} // namespace kmon::cli
