// SPDX-License-Identifier: GPL-2.0-only
#include "progress.hpp"

namespace kmon::cli {

Progress::Progress(std::ostream& err, bool terminal, std::string what) : err_(err), what_(std::move(what)) {
    if (terminal) thread_ = std::thread([this] { show(); });
}

Progress::~Progress() {
    {
        const std::lock_guard guard(lock_);
        done_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void Progress::say(std::string what) {
    const std::lock_guard guard(lock_);
    what_ = std::move(what);
    changed_.notify_one();
}

void Progress::show() {
    const char* const erase = "\r\033[K";
    std::unique_lock guard(lock_);
    if (changed_.wait_until(guard, began_ + std::chrono::seconds(1), [this] { return done_; })) return;
    while (!done_) {
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - began_).count();
        err_ << erase << what_ << " ... " << seconds << " s" << std::flush;
        changed_.wait_for(guard, std::chrono::seconds(1));
    }
    err_ << erase << std::flush;
}

} // namespace kmon::cli
