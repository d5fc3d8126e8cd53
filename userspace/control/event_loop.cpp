// SPDX-License-Identifier: GPL-2.0-only
#include "event_loop.hpp"

#include <sys/epoll.h>

#include <csignal>

#include "file.hpp"

namespace kmon::control {
namespace {

constexpr std::uint64_t accuracy = 20000; // microseconds

int work_io(sd_event_source* /*source*/, int /*fd*/, std::uint32_t /*events*/, void* work) {
    (*static_cast<EventLoop::Work*>(work))();
    return 0;
}

int work_signal(sd_event_source* /*source*/, const signalfd_siginfo* /*about*/, void* work) {
    (*static_cast<EventLoop::Work*>(work))();
    return 0;
}

int work_timer(sd_event_source* /*source*/, std::uint64_t /*time*/, void* work) {
    (*static_cast<EventLoop::Work*>(work))();
    return 0;
}

Result<void> outcome(int code) {
    if (code < 0) return fail(system_error("cannot set up the event loop", -code));
    return {};
}

} // namespace

Result<EventLoop> EventLoop::open() {
    sd_event* loop = nullptr;
    if (const int code = ::sd_event_new(&loop); code < 0) return fail(outcome(code).error());
    return EventLoop(Loop(loop));
}

Result<void> EventLoop::on_readable(int fd, Work work) {
    return outcome(
        ::sd_event_add_io(loop_.get(), nullptr, fd, EPOLLIN, work_io, &works_.emplace_back(std::move(work))));
}

Result<void> EventLoop::on_signal(int signal, Work work) {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, signal);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    return outcome(
        ::sd_event_add_signal(loop_.get(), nullptr, signal, work_signal, &works_.emplace_back(std::move(work))));
}

Result<EventLoop::Timer*> EventLoop::add_timer(Work work) {
    auto& timer = timers_.emplace_back();
    timer.work_ = std::move(work);
    const int code = ::sd_event_add_time_relative(loop_.get(), &timer.source_, CLOCK_MONOTONIC, 0, accuracy, work_timer,
                                                  &timer.work_);
    if (code < 0) return fail(outcome(code).error());
    ::sd_event_source_set_enabled(timer.source_, SD_EVENT_OFF);
    ::sd_event_source_set_floating(timer.source_, 1);
    ::sd_event_source_unref(timer.source_); // the loop now owns it
    return &timer;
}

void EventLoop::Timer::arm(std::chrono::microseconds delay) {
    ::sd_event_source_set_time_relative(source_, static_cast<std::uint64_t>(delay.count()));
    ::sd_event_source_set_enabled(source_, SD_EVENT_ONESHOT);
}

bool EventLoop::Timer::armed() const { return ::sd_event_source_get_enabled(source_, nullptr) > 0; }

Result<void> EventLoop::run() {
    const int code = ::sd_event_loop(loop_.get());
    if (code < 0) return fail(system_error("the event loop failed", -code));
    return {};
}

void EventLoop::stop() { ::sd_event_exit(loop_.get(), 0); }

} // namespace kmon::control
