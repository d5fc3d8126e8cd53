// SPDX-License-Identifier: GPL-2.0-only
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <sstream>

#include "file.hpp"
#include "selftest.hpp"

namespace kmon::cli {

namespace {

bool in_path(const std::string& program) {
    const char* path = std::getenv("PATH");
    std::istringstream directories(path ? path : "/usr/sbin:/usr/bin:/sbin:/bin");
    for (std::string directory; std::getline(directories, directory, ':');)
        if (::access((directory + "/" + program).c_str(), X_OK) == 0) return true;
    return false;
}

// Replaces this process, so that signals reach the command directly.
Result<ExitCode> become(const std::vector<std::string>& command) {
    auto words = command;
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (auto& word : words)
        arguments.push_back(word.data());
    arguments.push_back(nullptr);
    (void)std::signal(SIGPIPE, SIG_DFL); // a shell cannot change a signal that is ignored when it starts
    ::execv(arguments.front(), arguments.data());
    return fail(system_error("cannot run " + command.front(), errno));
}

} // namespace

TestBench real_test_bench() { return {KMON_TESTS, ::geteuid() == 0, in_path, become}; }

} // namespace kmon::cli
