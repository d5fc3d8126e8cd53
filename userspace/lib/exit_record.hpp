// SPDX-License-Identifier: GPL-2.0-only
// One line of the trace event kmon:process_exit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kmon {

struct ExitRecord {
    std::int64_t pid = 0; // the last thread
    std::int64_t tgid = 0;
    std::int64_t ppid = 0;
    int status = 0; // as wait(2) reports it
    std::uint64_t utime_ns = 0;
    std::uint64_t stime_ns = 0;
    std::uint64_t start_ns = 0; // CLOCK_MONOTONIC
    std::uint64_t lifetime_ns = 0;
    std::string name; // chosen by the process: any bytes

    // Absent if the module is older than the tools.
    struct More {
        std::uint32_t uid = 0;    // in the initial user namespace
        std::uint64_t cgroup = 0; // the inode of its directory in cgroup2
        std::int64_t ns_pid = 0;  // the process in its own PID namespace
        bool exec = false;        // executed a program since it was forked
    };
    std::optional<More> more;

    std::uint64_t cpu_ns() const { return utime_ns + stime_ns; }
    std::uint64_t end_ns() const { return start_ns + lifetime_ns; }
    int code() const { return status >> 8 & 0xff; } // valid if signal() is 0
    int signal() const { return status & 0x7f; }
    bool dumped_core() const { return (status & 0x80) != 0; }
    bool failed() const { return status != 0; }
};

// Parses a line of trace_pipe; nothing if it is another event. The line must begin with the event's name: set the trace
// option `nocontext-info`.
std::optional<ExitRecord> parse_exit(std::string_view line);

// Nanoseconds to add to CLOCK_MONOTONIC, the clock of a record's times, to get the time of day.
std::int64_t monotonic_to_wall();

// "0", "3", "SIGKILL", "SIGSEGV, core"
std::string how_it_ended(const ExitRecord& record);

// "SIGKILL", or "SIG64" for one without a name.
std::string signal_name(int signal);

} // namespace kmon
