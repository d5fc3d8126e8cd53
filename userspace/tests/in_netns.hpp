// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace kmon::test {

inline bool new_netns() {
    if (::unshare(CLONE_NEWNET) == 0) return true;
    const uid_t uid = ::getuid();
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
    // Root inside, as `ip` requires.
    std::FILE* const map = std::fopen("/proc/self/uid_map", "w");
    return map != nullptr && std::fprintf(map, "0 %u 1", uid) > 0 && std::fclose(map) == 0;
}

// Runs `body`, with its expectations, in a child process in its own network namespace, if that is allowed.
template <class Body>
void in_netns(const Body& body) {
    constexpr int not_allowed = 77;
    (void)std::fflush(nullptr);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        if (!new_netns()) ::_exit(not_allowed);
        body();
        (void)std::fflush(nullptr);
        ::_exit(::testing::Test::HasFailure() ? 1 : 0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == not_allowed)
        GTEST_SKIP() << "no network namespace may be made here";
    EXPECT_EQ(status, 0) << "see above";
}

// `ip ARGUMENTS`
inline void ip(const std::string& arguments) {
    const std::string command = "ip " + arguments;
    ASSERT_EQ(std::system(command.c_str()), 0) << command; // NOLINT: a test's own words
}

} // namespace kmon::test
