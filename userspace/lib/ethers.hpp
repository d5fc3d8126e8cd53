// SPDX-License-Identifier: GPL-2.0-only
// Names of MAC addresses, from /etc/ethers: see ethers(5).
#pragma once

#include "modules/l2packet_counter.hpp"
#include "root.hpp"

namespace kmon {

// Empty where there is no such file. What is no entry in it is left out.
Ethers read_ethers(const Root& root);

} // namespace kmon
