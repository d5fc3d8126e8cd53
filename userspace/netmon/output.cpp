// SPDX-License-Identifier: GPL-2.0-only
#include "output.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <system_error>

namespace netmon {

kmon::Result<bool> write_all(std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
        if (written >= 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EPIPE) {
            return false;
        } else if (errno == EAGAIN) { // another process that shares the pipe made it non-blocking
            pollfd out{STDOUT_FILENO, POLLOUT, 0};
            ::poll(&out, 1, -1);
        } else if (errno != EINTR) {
            return kmon::fail("cannot write to standard output: " + std::system_category().message(errno));
        }
    }
    return true;
}

bool sleep_until(std::chrono::steady_clock::time_point time) {
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(time - std::chrono::steady_clock::now());
        if (left.count() <= 0) return true;
        constexpr std::chrono::nanoseconds::rep second = 1'000'000'000;
        // time_t may be narrower on 32-bit systems.
        const timespec timeout{static_cast<std::time_t>(left.count() / second),
                               static_cast<long>(left.count() % second)};
        pollfd out{STDOUT_FILENO, 0, 0}; // no events: poll reports only that the other end was closed
        if (::ppoll(&out, 1, &timeout, nullptr) > 0) return false;
    }
}

} // namespace netmon
