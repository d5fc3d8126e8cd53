// SPDX-License-Identifier: GPL-2.0-only
// Process exits as they happen: the trace event kmon:process_exit, read from our own tracefs instance, which exists as
// long as this object. Other users of tracing do not see it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "exit_record.hpp"
#include "file_descriptor.hpp"
#include "result.hpp"
#include "root.hpp"

namespace kmon {

class ExitTrace {
public:
    enum class Only { all, failed }; // failed: the kernel filters out exits with code 0

    // Root only. Also removes instances left behind by processes that were killed.
    static Result<ExitTrace> open(const Root& root, Only only = Only::all);

    ExitTrace(ExitTrace&& other) noexcept;
    ExitTrace(const ExitTrace&) = delete;
    ExitTrace& operator=(const ExitTrace&) = delete;
    ExitTrace& operator=(ExitTrace&&) = delete;
    ~ExitTrace();

    // The exits since the last call, in order for each CPU. Does not wait.
    Result<std::vector<ExitRecord>> read();

    // For poll(2): readable when there is something to read.
    int descriptor() const { return pipe_.get(); }

    // The number of exits so far that were overwritten before they were read.
    std::uint64_t lost();

    // False if process_monitor is unloaded: then no exits come. Enables the event again once the module is back.
    bool attached() const;

private:
    ExitTrace(std::filesystem::path instance, Only only) : instance_(std::move(instance)), only_(only) {}

    Result<void> set_up();
    Result<void> switch_on() const;

    std::filesystem::path instance_; // empty: moved from
    Only only_;
    FileDescriptor pipe_;
    std::string unread_;            // the start of a line
    std::uint64_t lost_before_ = 0; // the kernel's count restarts when the module is unloaded
    std::uint64_t lost_now_ = 0;
};

} // namespace kmon
