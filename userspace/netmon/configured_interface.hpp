// SPDX-License-Identifier: GPL-2.0-only
// Which interface netmon watches when its command line names none.
#pragma once

#include <optional>
#include <string>

#include "result.hpp"
#include "root.hpp"

namespace netmon {

// The interface named in /etc/netmon.conf, or else in UCI, or else all_interfaces.
kmon::Result<std::string> configured_interface(const kmon::Root& root);

// The name in the file root.etc / "netmon.conf"; nothing if there is no file or no name. `#` begins a comment.
kmon::Result<std::optional<std::string>> interface_from_file(const kmon::Root& root);

// The interface that OpenWrt's `uci` has for netmon; nothing if there is no uci or no such entry.
kmon::Result<std::optional<std::string>> interface_from_uci();

} // namespace netmon
