// SPDX-License-Identifier: GPL-2.0-only
// Says that kernel modules were loaded or unloaded, but not which: the caller looks again.
#pragma once

#include "file_descriptor.hpp"
#include "result.hpp"

namespace kmon {

class ModuleEvents {
public:
    static Result<ModuleEvents> open();

    // Readable when something changed: for poll() or sd_event_add_io().
    int fd() const { return socket_.get(); }

    // Reads all pending messages. True: a module was loaded or unloaded, or messages were lost.
    bool drain();

private:
    explicit ModuleEvents(FileDescriptor socket) : socket_(std::move(socket)) {}

    FileDescriptor socket_;
};

} // namespace kmon
