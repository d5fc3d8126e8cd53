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

// Is it loaded, or being loaded or unloaded?
bool is_in_sysfs(const Root& root, const std::string& module);

// Identifies one load of a module: it is different after the module was removed and loaded again. Nothing while the
// module is not loaded or not ready.
std::optional<ino_t> module_instance(const Root& root, const std::string& module);

// The value, without the newline. If the module is not loaded: ExitCode::not_running.
Result<std::string> read_parameter(const Root& root, const std::string& module, const std::string& parameter);

// Does this error of read_parameter() mean that the module is loaded but lacks the parameter, because it is another
// version?
bool lacks_parameter(const Error& error);
Error no_such_parameter(const Setting& setting);

// Writes and reads back. If the module refuses the value, Error::system has its errno. If the module is not loaded, or
// is unloaded meanwhile: ExitCode::not_running.
Result<void> write_parameter(const Root& root, const Setting& setting);

} // namespace kmon
