// SPDX-License-Identifier: GPL-2.0-only
// What one may ask of kmond. It has a socket for each request; who connects is sent the answer, which is JSON in one
// message. Everybody may ask how the modules are, root alone may have it reload.
#pragma once

#include "file_descriptor.hpp"
#include "report.hpp"
#include "result.hpp"
#include "root.hpp"

namespace kmon::control {

enum class Request { state, reload };

// The client's side: waits for the answer, but not for ever. ExitCode::not_running where kmond does not run.
Result<Report> ask(const Root& root, Request request);

// The service's side.
Result<FileDescriptor> open_socket_for(const Root& root, Request request);
void answer(const FileDescriptor& connection, const Result<Report>& outcome);

} // namespace kmon::control
