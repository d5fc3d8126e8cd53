// SPDX-License-Identifier: GPL-2.0-only
// The way to have kmond reload and to hear how it went: who connects to its socket is sent the outcome. SIGHUP does the
// same without an answer.
#pragma once

#include "file_descriptor.hpp"
#include "result.hpp"
#include "root.hpp"

namespace kmon {

// The client's side. Waits for the outcome. ExitCode::not_running where kmond does not run.
Result<void> request_reload(const Root& root);

// The service's side.
Result<FileDescriptor> open_reload_socket(const Root& root);
void answer_reload(const FileDescriptor& connection, const Result<void>& outcome);

} // namespace kmon
