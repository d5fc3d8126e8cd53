// SPDX-License-Identifier: GPL-2.0-only
#include "ethers.hpp"

#include <netinet/ether.h>

#include <algorithm>
#include <sstream>

#include "file.hpp"

namespace kmon {

Ethers read_ethers(const Root& root) {
    constexpr std::size_t longest = std::size_t{1} << 20U;
    Ethers names;
    std::istringstream lines(read_file(root.etc / "ethers", longest).value_or(""));
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line.substr(0, line.find('#')));
        std::string address;
        std::string name;
        ether_addr parsed{};
        if (!(words >> address >> name) || ::ether_aton_r(address.c_str(), &parsed) == nullptr) continue;
        MacAddress mac;
        std::copy(std::begin(parsed.ether_addr_octet), std::end(parsed.ether_addr_octet), mac.begin());
        names.emplace(mac, name);
    }
    return names;
}

} // namespace kmon
