// SPDX-License-Identifier: GPL-2.0-only
#include "stop_signals.hpp"

#include <poll.h>

namespace kmon::cli {

namespace {

constexpr int signals[] = {SIGINT, SIGTERM, SIGHUP};

volatile std::sig_atomic_t stop = 0;

void on_signal(int /*signal*/) { stop = 1; }

} // namespace

StopSignals::StopSignals() {
    stop = 0;
    struct sigaction action {};
    action.sa_handler = on_signal; // without SA_RESTART, so that waits are interrupted
    for (int i = 0; i < 3; ++i)
        ::sigaction(signals[i], &action, &before_[i]);
}

StopSignals::~StopSignals() {
    for (int i = 0; i < 3; ++i)
        ::sigaction(signals[i], &before_[i], nullptr);
}

bool StopSignals::came() { return stop != 0; }

bool wait_with_reader(std::chrono::milliseconds time, int output, int input) {
    pollfd waited[] = {{.fd = output, .events = 0, .revents = 0}, {.fd = input, .events = POLLIN, .revents = 0}};
    return ::poll(waited, 2, static_cast<int>(time.count())) <= 0 || (waited[0].revents & (POLLERR | POLLHUP)) == 0;
}

} // namespace kmon::cli
