// SPDX-License-Identifier: GPL-2.0-only
// What people call the devices that have these MAC addresses. All of it is read on this machine, where it happens to
// be; nothing is asked over the network.
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

// Names that somebody gave: in [devices] of the configuration, in /etc/ethers, or to a DHCP server (dnsmasq, ISC, Kea)
// by the device itself. The first of these that has one counts.
NamesByMac device_names(const Root& root, const Config& config);

// The same with the configuration as it is; one that is not valid names nobody.
NamesByMac device_names(const Root& root);

// Where they are now: an IP address of each neighbour that the kernel knows, IPv4 rather than IPv6.
NamesByMac neighbours();

// Who made them, of the addresses asked for, by the package ieee-data. An address that the device made up says nothing.
NamesByMac vendors(const Root& root, const std::set<MacAddress>& of);

// ---- one source each

// Empty where there is no such file. What is no entry in it is left out.
NamesByMac read_ethers(const Root& root);

NamesByMac parse_ethers(std::string_view text);
NamesByMac parse_dnsmasq_leases(std::string_view text);
NamesByMac parse_isc_leases(std::string_view text);
NamesByMac parse_kea_leases(std::string_view text);

} // namespace kmon
