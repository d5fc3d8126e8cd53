// SPDX-License-Identifier: GPL-2.0-only
// Says that kernel modules came or went, not which: the caller looks again.
#pragma once

#include "file_descriptor.hpp"
#include "result.hpp"

namespace kmon {

class ModuleEvents {
public:
    static Result<ModuleEvents> open();

    // Readable when something changed: for poll() or sd_event_add_io().
    int fd() const { return socket_.get(); }

    // Takes in all that waits. True: a module came or went, or there were more messages than the socket holds.
    bool drain();

private:
    explicit ModuleEvents(FileDescriptor socket) : socket_(std::move(socket)) {}

    FileDescriptor socket_;
};

} // namespace kmon
