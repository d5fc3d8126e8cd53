// SPDX-License-Identifier: GPL-2.0-only
#include "standard_streams.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

// In a child without any of the three streams. The exit status says which expectation failed first.
int status_in_child() {
    for (int fd = 0; fd <= 2; ++fd)
        ::close(fd);
    kmon::reserve_standard_streams();
    char byte = 'x';
    if (::open("/dev/null", O_RDONLY) <= 2) return 1;
    if (::read(0, &byte, 1) != 0) return 2;
    for (int fd = 1; fd <= 2; ++fd) {
        if (::write(fd, &byte, 1) >= 0 || errno != EBADF) return 3;
    }
    return 0;
}

TEST(StandardStreams, that_are_closed_are_given_to_no_file) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) ::_exit(status_in_child());
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0) << WEXITSTATUS(status);
}

TEST(StandardStreams, that_are_open_stay_as_they_are) {
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        ::dup2(pipe[1], 1);
        ::close(0);
        kmon::reserve_standard_streams();
        ::_exit(::write(1, "x", 1) == 1 ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    char byte = 0;
    EXPECT_EQ(::read(pipe[0], &byte, 1), 1);
    ::close(pipe[0]);
    ::close(pipe[1]);
}

struct Outcome {
    int status;
    std::string output;
};

Outcome run(const std::string& program, const std::string& words) {
    const std::string line = std::string(KMON_BUILD) + "/userspace/" + program + "/" + program + " " + words;
    FILE* pipe = ::popen(line.c_str(), "r"); // NOLINT(cert-env33-c): a test's own words
    std::string output;
    std::array<char, 4096> buffer{};
    for (std::size_t got; (got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
        output.append(buffer.data(), got);
    const int status = ::pclose(pipe);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

// netmon used to write its line to the netlink socket, which had become file descriptor 1, and exit with 0.
TEST(StandardStreams, netmon_without_one_to_write_to_says_so) {
    const auto outcome = run("netmon", "lo --once 2>&1 >&-");
    EXPECT_EQ(outcome.output, "netmon: cannot write to standard output: Bad file descriptor\n");
    EXPECT_EQ(outcome.status, 1);
}

// File descriptor 0 exists and is the placeholder.
TEST(StandardStreams, kmonctl_reserves_them) {
    const auto outcome = run("kmonctl", "check /dev/fd/0 2>&1 <&-");
    EXPECT_NE(outcome.output.find("/dev/fd/0: it is not a regular file"), std::string::npos) << outcome.output;
}

} // namespace
