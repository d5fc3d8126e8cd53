// SPDX-License-Identifier: GPL-2.0-only
// The requests to kmond. Each has a socket; a client that connects is sent the answer, which is JSON in one
// message. Anybody may ask for the state of the modules; only root may make it reload.
#pragma once

#include <chrono>

#include "file_descriptor.hpp"
#include "report.hpp"
#include "result.hpp"
#include "root.hpp"

namespace kmon::control {

enum class Request { state, reload };

// The client's side: waits for the answer, with a time limit. ExitCode::not_running if kmond is not running.
// patience: the time limit; 0: the default.
Result<Report> ask(const Root& root, Request request, std::chrono::milliseconds patience = {});

// The service's side.
Result<FileDescriptor> open_socket_for(const Root& root, Request request);
void answer(const FileDescriptor& connection, const Result<Report>& outcome);

} // namespace kmon::control
