// SPDX-License-Identifier: GPL-2.0-only
// The kernel's own counts, to compare with.
#pragma once

#include <cstdint>
#include <string>

#include "result.hpp"
#include "root.hpp"

namespace kmon {

// name: rx_packets, tx_bytes ...
Result<std::uint64_t> interface_count(const Root& root, const std::string& interface, const std::string& name);

// A counter of TCP in /proc/net/snmp: OutSegs, RetransSegs ...
Result<std::uint64_t> tcp_count(const Root& root, const std::string& name);

} // namespace kmon
