// SPDX-License-Identifier: GPL-2.0-only
// The names of devices, by MAC address. They are read from files and the kernel on this machine; nothing is queried
// over the network.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "config.hpp"
#include "mac_address.hpp"
#include "root.hpp"

namespace kmon {

using NamesByMac = std::map<MacAddress, std::string>;

// Given names: from [devices] in the configuration, from /etc/ethers, or from the device itself through a DHCP server
// (dnsmasq, ISC, Kea). The first source that has a name wins.
NamesByMac device_names(const Root& root, const Config& config);

// The same with the current configuration; an invalid one has no names.
NamesByMac device_names(const Root& root);

// An IP address of each neighbour that the kernel knows, preferably IPv4.
NamesByMac neighbours();

// The vendors of the given addresses, from the package ieee-data. A random address has none.
NamesByMac vendors(const Root& root, const std::set<MacAddress>& of);

// ---- one source each

// Empty if the file does not exist. Invalid entries are ignored.
NamesByMac read_ethers(const Root& root);

NamesByMac parse_ethers(std::string_view text);
NamesByMac parse_dnsmasq_leases(std::string_view text);
NamesByMac parse_isc_leases(std::string_view text);
NamesByMac parse_kea_leases(std::string_view text);

} // namespace kmon
