// SPDX-License-Identifier: GPL-2.0-only
#include "run_program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "file_descriptor.hpp"

namespace netmon {
namespace {

using Clock = std::chrono::steady_clock;
using kmon::FileDescriptor;
using kmon::Result;

class FileActions {
public:
    FileActions() { posix_spawn_file_actions_init(&actions_); }
    ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
    FileActions(const FileActions&) = delete;
    FileActions& operator=(const FileActions&) = delete;
    posix_spawn_file_actions_t* get() { return &actions_; }

private:
    posix_spawn_file_actions_t actions_{};
};

class Attributes {
public:
    // The program gets its own process group, so that it can be killed with its children.
    Attributes() {
        posix_spawnattr_init(&attributes_);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP);
    }
    ~Attributes() { posix_spawnattr_destroy(&attributes_); }
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;
    const posix_spawnattr_t* get() const { return &attributes_; }

private:
    posix_spawnattr_t attributes_{};
};

// A running program, killed if this is destroyed.
class Child {
public:
    explicit Child(pid_t pid) : pid_(pid) {}
    ~Child() {
        if (pid_ == 0) return;
        ::kill(-pid_, SIGKILL);
        wait(0);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    // Whether it succeeded; nothing if it is still running at `end`.
    std::optional<bool> outcome(Clock::time_point end) {
        constexpr timespec nap{0, 10'000'000};
        while (!wait(WNOHANG)) {
            if (Clock::now() >= end) return std::nullopt;
            ::nanosleep(&nap, nullptr);
        }
        pid_ = 0;
        return WIFEXITED(status_) && WEXITSTATUS(status_) == 0;
    }

private:
    bool wait(int options) {
        pid_t waited = 0;
        do
            waited = ::waitpid(pid_, &status_, options);
        while (waited < 0 && errno == EINTR);
        return waited != 0;
    }

    pid_t pid_;
    int status_ = 0;
};

// Waits until there is something to read from `fd`, or its end.
bool readable(int fd, Clock::time_point end) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd in{fd, POLLIN, 0};
    const int ready = ::poll(&in, 1, static_cast<int>(std::max<decltype(left)>(left, 0)));
    return ready > 0 || (ready < 0 && errno == EINTR);
}

kmon::Error beyond(const std::string& name, const std::string& limit) {
    return {name + " " + limit + ", and was killed", kmon::ExitCode::failed,
            "name the interface on the command line or in /etc/netmon.conf"};
}

kmon::Error too_slow(const std::string& name, const Limits& limits) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limits.time).count();
    return beyond(name, "did not answer within " + std::to_string(seconds) + " seconds");
}

Result<std::string> read_to_end(int fd, const std::string& name, const Limits& limits, Clock::time_point end) {
    std::string text;
    std::array<char, 4096> buffer{};
    while (readable(fd, end)) {
        const ssize_t length = ::read(fd, buffer.data(), buffer.size());
        if (length == 0) return text;
        if (length < 0) continue;
        text.append(buffer.data(), static_cast<std::size_t>(length));
        if (text.size() > limits.output)
            return kmon::fail(beyond(name, "printed more than " + std::to_string(limits.output) + " bytes"));
    }
    return kmon::fail(too_slow(name, limits));
}

struct Started {
    pid_t pid; // 0: the program does not exist
    FileDescriptor output;
};

Started start(const std::vector<std::string>& command) {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) < 0) return {0, FileDescriptor()};
    FileDescriptor output(pipe[0]);
    const FileDescriptor input(pipe[1]);
    FileActions actions;
    posix_spawn_file_actions_addopen(actions.get(), STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(actions.get(), input.get(), STDOUT_FILENO);
    posix_spawn_file_actions_addopen(actions.get(), STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    const Attributes attributes;

    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (const auto& word : command)
        arguments.push_back(const_cast<char*>(word.c_str())); // execve's old signature
    arguments.push_back(nullptr);
    pid_t child = 0;
    const int error = ::posix_spawnp(&child, arguments[0], actions.get(), attributes.get(), arguments.data(), environ);
    return {error == 0 ? child : 0, std::move(output)};
}

} // namespace

Result<std::optional<std::string>> run_program(const std::vector<std::string>& command, Limits limits) {
    const auto end = Clock::now() + limits.time;
    const auto started = start(command);
    if (started.pid == 0) return std::nullopt;
    Child child(started.pid);
    const auto output = read_to_end(started.output.get(), command[0], limits, end);
    if (!output) return kmon::fail(output.error());
    const auto good = child.outcome(end);
    if (!good) return kmon::fail(too_slow(command[0], limits));
    return std::optional(*good ? *output : std::string());
}

} // namespace netmon
