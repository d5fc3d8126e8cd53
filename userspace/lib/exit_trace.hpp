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
    // Only root may. Also removes what an ExitTrace left behind that was killed.
    static Result<ExitTrace> open(const Root& root);

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
    ExitTrace(std::filesystem::path instance) : instance_(std::move(instance)) {}

    Result<void> set_up();

    std::filesystem::path instance_; // empty: moved from
    FileDescriptor pipe_;
    std::string unread_;            // the start of a line
    std::uint64_t lost_before_ = 0; // the kernel's count restarts when the module is unloaded
    std::uint64_t lost_now_ = 0;
};

} // namespace kmon
