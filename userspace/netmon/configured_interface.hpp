// SPDX-License-Identifier: GPL-2.0-only
// Which interface netmon watches when its command line names none.
#pragma once

#include <optional>
#include <string>

#include "result.hpp"
#include "root.hpp"

namespace netmon {

// What /etc/netmon.conf names, else what UCI does, else all_interfaces.
kmon::Result<std::string> configured_interface(const kmon::Root& root);

// The first word of the file at root.etc / "netmon.conf"; nothing where there is none. `#` begins a comment.
kmon::Result<std::optional<std::string>> interface_from_file(const kmon::Root& root);

// What OpenWrt's `uci` has for netmon; nothing where there is no uci, or nothing in it.
kmon::Result<std::optional<std::string>> interface_from_uci();

} // namespace netmon
