// SPDX-License-Identifier: GPL-2.0-only
// The settings of a loaded module: /sys/module/MODULE/parameters/PARAMETER.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "result.hpp"
#include "root.hpp"

namespace kmon {

struct Setting {
    std::string module;
    std::string parameter;
    std::string value;

    bool operator==(const Setting&) const = default;
};

// "kstat counter=10"
std::string to_string(const Setting& setting);

// Is it loaded, or just coming or going?
bool is_in_sysfs(const Root& root, const std::string& module);

// Which loading of a module this is: another one after it was removed and loaded again. Nothing while it is not there,
// or not ready yet.
std::optional<ino_t> module_instance(const Root& root, const std::string& module);

// Without the newline. Where the module is not loaded: ExitCode::not_running.
Result<std::string> read_parameter(const Root& root, const std::string& module, const std::string& parameter);

// Is the error of read_parameter() that the module is loaded and has no such parameter, as one of another version?
bool lacks_parameter(const Error& error);
Error no_such_parameter(const Setting& setting);

// Writes and reads back. The module is the judge: what it refuses is an error with its errno in Error::system. Where
// the module is not loaded, or goes meanwhile: ExitCode::not_running.
Result<void> write_parameter(const Root& root, const Setting& setting);

} // namespace kmon
