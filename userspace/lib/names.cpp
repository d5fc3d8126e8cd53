// SPDX-License-Identifier: GPL-2.0-only
#include "names.hpp"

#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <fstream>
#include <optional>
#include <vector>

#include "file.hpp"
#include "netlink.hpp"

namespace kmon {

namespace {

constexpr std::size_t longest_file = std::size_t{8} << 20U;

template <class Visit>
void for_each_line(std::string_view text, const Visit& visit) {
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        visit(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

std::vector<std::string_view> words_of(std::string_view line) {
    constexpr std::string_view blanks = " \t\r;";
    std::vector<std::string_view> words;
    for (auto at = line.find_first_not_of(blanks); at != std::string_view::npos;) {
        const auto end = std::min(line.find_first_of(blanks, at), line.size());
        words.push_back(line.substr(at, end - at));
        at = line.find_first_not_of(blanks, end);
    }
    return words;
}

std::vector<std::string_view> cells_of(std::string_view line) {
    std::vector<std::string_view> cells;
    for (;;) {
        const auto end = line.find(',');
        cells.push_back(line.substr(0, end));
        if (end == std::string_view::npos) return cells;
        line.remove_prefix(end + 1);
    }
}

std::string_view without_quotes(std::string_view word) {
    if (word.size() >= 2 && word.front() == '"' && word.back() == '"') return word.substr(1, word.size() - 2);
    return word;
}

// The host part of a fully qualified name.
std::string short_name(std::string_view name) { return std::string(name.substr(0, name.find('.'))); }

std::string content(const std::filesystem::path& file) { return read_file(file, longest_file).value_or(""); }

} // namespace

// See ethers(5).
NamesByMac parse_ethers(std::string_view text) {
    NamesByMac names;
    for_each_line(text, [&](std::string_view line) {
        const auto words = words_of(line.substr(0, line.find('#')));
        if (words.size() < 2) return;
        if (const auto mac = parse_any_mac(words[0])) names.emplace(*mac, words[1]);
    });
    return names;
}

// Expiry time, MAC address, IP address, name or *, client ID. Later leases override earlier ones.
NamesByMac parse_dnsmasq_leases(std::string_view text) {
    NamesByMac names;
    for_each_line(text, [&](std::string_view line) {
        const auto words = words_of(line);
        if (words.size() < 4 || words[3] == "*") return;
        if (const auto mac = parse_any_mac(words[1])) names[*mac] = short_name(words[3]);
    });
    return names;
}

// lease 10.0.0.5 { ... hardware ethernet aa:bb:cc:dd:ee:ff; ... client-hostname "printer"; }
NamesByMac parse_isc_leases(std::string_view text) {
    NamesByMac names;
    std::optional<MacAddress> mac;
    std::string name;
    for_each_line(text, [&](std::string_view line) {
        const auto words = words_of(line);
        if (words.empty()) return;
        if (words[0] == "lease") {
            mac.reset();
            name.clear();
        } else if (words.size() >= 3 && words[0] == "hardware" && words[1] == "ethernet") {
            mac = parse_any_mac(words[2]);
        } else if (words.size() >= 2 && words[0] == "client-hostname") {
            name = short_name(without_quotes(words[1]));
        } else if (words[0] == "}" && mac && !name.empty()) {
            names[*mac] = name;
        }
    });
    return names;
}

// CSV whose first line names the columns.
NamesByMac parse_kea_leases(std::string_view text) {
    NamesByMac names;
    std::size_t mac_at = 0;
    std::size_t name_at = 0;
    bool first = true;
    for_each_line(text, [&](std::string_view line) {
        const auto cells = cells_of(line);
        if (first) {
            mac_at = static_cast<std::size_t>(std::ranges::find(cells, "hwaddr") - cells.begin());
            name_at = static_cast<std::size_t>(std::ranges::find(cells, "hostname") - cells.begin());
            first = false;
            return;
        }
        if (mac_at >= cells.size() || name_at >= cells.size() || cells[name_at].empty()) return;
        if (const auto mac = parse_any_mac(cells[mac_at])) names[*mac] = short_name(cells[name_at]);
    });
    return names;
}

NamesByMac read_ethers(const Root& root) { return parse_ethers(content(root.etc / "ethers")); }

NamesByMac device_names(const Root& root, const Config& config) {
    NamesByMac names;
    for (const auto& [address, name] : config.devices)
        if (const auto mac = parse_any_mac(address)) names.emplace(*mac, name);
    names.merge(read_ethers(root));
    names.merge(parse_dnsmasq_leases(content(root.var_lib / "misc/dnsmasq.leases")));
    names.merge(parse_isc_leases(content(root.var_lib / "dhcp/dhcpd.leases")));
    names.merge(parse_kea_leases(content(root.var_lib / "kea/kea-leases4.csv")));
    names.merge(parse_kea_leases(content(root.var_lib / "kea/kea-leases6.csv")));
    std::erase_if(names, [](const auto& one) { return one.second.empty(); });
    return names;
}

NamesByMac device_names(const Root& root) { return device_names(root, load_config(root).value_or(Config())); }

// ---- the kernel's neighbours

namespace {

struct Neighbour {
    MacAddress mac{};
    int family = 0;
    std::string address;
};

std::optional<Neighbour> parse_neighbour(Bytes payload) {
    const auto about = read_as<ndmsg>(payload);
    if (!about || (about->ndm_state & (NUD_FAILED | NUD_INCOMPLETE | NUD_NOARP)) != 0) return std::nullopt;
    Neighbour neighbour;
    neighbour.family = about->ndm_family;
    bool has_mac = false;
    for_each_attribute(payload.subspan(sizeof *about), [&](unsigned type, Bytes value) {
        if (type == NDA_LLADDR && value.size() == neighbour.mac.size()) {
            std::memcpy(neighbour.mac.data(), value.data(), value.size());
            has_mac = true;
        }
        const std::size_t length = neighbour.family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr);
        if (type != NDA_DST || value.size() != length) return;
        std::array<char, INET6_ADDRSTRLEN> text{};
        if (::inet_ntop(neighbour.family, value.data(), text.data(), text.size()) != nullptr)
            neighbour.address = text.data();
    });
    if (!has_mac || neighbour.address.empty()) return std::nullopt;
    return neighbour;
}

} // namespace

NamesByMac neighbours() {
    NamesByMac addresses;
    auto socket = NetlinkSocket::open();
    if (!socket) return addresses;
    for (const auto family : {AF_INET, AF_INET6}) {
        ndmsg request{};
        request.ndm_family = static_cast<unsigned char>(family);
        const auto all = socket->dump(RTM_GETNEIGH, request, parse_neighbour);
        if (!all) continue;
        for (const auto& one : *all)
            addresses.emplace(one.mac, one.address);
    }
    return addresses;
}

// ---- vendors

// Lines such as "28-6F-B9   (hex)\t\tNokia Shanghai Bell Co., Ltd.".
NamesByMac vendors(const Root& root, const std::set<MacAddress>& of) {
    NamesByMac names;
    std::map<std::string, std::vector<MacAddress>> wanted; // by the start of the line
    for (const auto& mac : of) {
        if (is_randomised(mac)) continue;
        auto begin = to_string(mac).substr(0, 8);
        std::ranges::replace(begin, ':', '-');
        std::ranges::transform(begin, begin.begin(), [](unsigned char c) { return std::toupper(c); });
        wanted[begin].push_back(mac);
    }
    if (wanted.empty()) return names;
    std::ifstream lines(root.usr_share / "ieee-data/oui.txt");
    for (std::string line; std::getline(lines, line);) {
        constexpr std::string_view mark = "(hex)";
        const auto at = line.find(mark);
        if (at == std::string::npos || line.size() < 8) continue;
        const auto found = wanted.find(line.substr(0, 8));
        if (found == wanted.end()) continue;
        const auto begin = line.find_first_not_of(" \t", at + mark.size());
        if (begin == std::string::npos) continue;
        const auto end = line.find_last_not_of(" \t\r");
        for (const auto& mac : found->second)
            names.emplace(mac, line.substr(begin, end + 1 - begin));
        wanted.erase(found);
        if (wanted.empty()) break;
    }
    return names;
}

} // namespace kmon
