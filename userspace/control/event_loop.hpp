// SPDX-License-Identifier: GPL-2.0-only
// A C++ wrapper around sd_event.
#pragma once

#include <systemd/sd-event.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>

#include "release.hpp"
#include "result.hpp"

namespace kmon::control {

class EventLoop {
public:
    using Work = std::function<void()>;

    static Result<EventLoop> open();

    // Calls work whenever fd is readable; work must read what is there.
    Result<void> on_readable(int fd, Work work);
    // Blocks the signal for the process and calls work when it comes.
    Result<void> on_signal(int signal, Work work);

    // Calls work once, `delay` after arm().
    class Timer {
    public:
        void arm(std::chrono::microseconds delay);
        bool armed() const;

    private:
        friend class EventLoop;
        Work work_;
        sd_event_source* source_ = nullptr;
    };
    Result<Timer*> add_timer(Work work);

    // Runs until stop(). Returns an error of the loop itself.
    Result<void> run();
    void stop();

private:
    using Loop = std::unique_ptr<sd_event, Release<sd_event_unref>>;

    explicit EventLoop(Loop loop) : loop_(std::move(loop)) {}

    Loop loop_;
    // A list, because sd_event keeps their addresses.
    std::list<Work> works_;
    std::list<Timer> timers_;
};

} // namespace kmon::control
