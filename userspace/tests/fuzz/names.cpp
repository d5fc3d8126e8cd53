// SPDX-License-Identifier: GPL-2.0-only
// Leases contain names that the devices chose themselves.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "names.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)kmon::parse_ethers(text);
    (void)kmon::parse_dnsmasq_leases(text);
    (void)kmon::parse_isc_leases(text);
    (void)kmon::parse_kea_leases(text);
    return 0;
}
