// SPDX-License-Identifier: GPL-2.0-only
// Tells that kernel modules came or went, not which: whoever hears of it looks anew.
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
