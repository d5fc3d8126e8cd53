// SPDX-License-Identifier: GPL-2.0-only
// The exits of processes as they happen: the trace event kmon:process_exit, read from a tracefs instance of our own,
// which is there as long as this object. Others who trace see nothing of it.
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
    enum class Only { all, failed }; // with another code than 0, or by a signal: the kernel leaves out the others

    // Only root may. Also removes what an ExitTrace left behind that was killed.
    static Result<ExitTrace> open(const Root& root, Only only = Only::all);

    ExitTrace(ExitTrace&& other) noexcept;
    ExitTrace(const ExitTrace&) = delete;
    ExitTrace& operator=(const ExitTrace&) = delete;
    ExitTrace& operator=(ExitTrace&&) = delete;
    ~ExitTrace();

    // The exits since the last call, in the order of their end on each CPU. Does not wait.
    Result<std::vector<ExitRecord>> read();

    // For poll(2): readable when there is something to read.
    int descriptor() const { return pipe_.get(); }

    // Exits that were overwritten before they were read, so far.
    std::uint64_t lost();

    // False when process_monitor was unloaded: no exits come then. Switches the event on again once it is back.
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
