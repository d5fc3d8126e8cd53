// SPDX-License-Identifier: GPL-2.0-only
#include "standard_streams.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

namespace kmon {

void reserve_standard_streams() {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
        // open() uses the lowest free descriptor.
        if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDONLY) != fd) std::abort();
    }
}

} // namespace kmon
