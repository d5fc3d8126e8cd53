// SPDX-License-Identifier: GPL-2.0-only
#include "host.hpp"

#include "file.hpp"

namespace kmon {

Host read_host(const Root& root) {
    const auto kernel = root.proc / "sys" / "kernel";
    return {first_line_of(kernel / "hostname"), first_line_of(kernel / "osrelease")};
}

std::string loaded_version(const Root& root, const std::string& module) {
    return first_line_of(root.sys / "module" / module / "version");
}

} // namespace kmon
