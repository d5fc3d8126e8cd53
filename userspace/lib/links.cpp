// SPDX-License-Identifier: GPL-2.0-only
#include "links.hpp"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "links_parse.hpp"

namespace kmon {

namespace {

std::string text_of(Bytes value) {
    const auto* const text = reinterpret_cast<const char*>(value.data());
    return {text, ::strnlen(text, value.size())};
}

} // namespace

std::optional<Link> parse_link(Bytes payload) {
    const auto info = read_as<ifinfomsg>(payload);
    if (!info) return std::nullopt;
    Link link;
    link.index = info->ifi_index;
    link.loopback = (info->ifi_flags & unsigned{IFF_LOOPBACK}) != 0;
    bool has_stats = false;
    for_each_attribute(payload.subspan(sizeof *info), [&](unsigned type, Bytes value) {
        if (type == IFLA_IFNAME) {
            link.name = text_of(value);
        } else if (type == IFLA_PROP_LIST) {
            for_each_attribute(value, [&](unsigned property, Bytes name) {
                if (property == IFLA_ALT_IFNAME) link.alternative_names.push_back(text_of(name));
            });
        } else if (type == IFLA_OPERSTATE) {
            link.operstate = read_as<std::uint8_t>(value).value_or(0);
        } else if (type == IFLA_STATS64) {
            // Kernels add fields at the end, so there may be more or fewer than in this header; those used here are
            // old.
            rtnl_link_stats64 stats{};
            std::memcpy(&stats, value.data(), std::min(value.size(), sizeof stats));
            link.stats = {stats.rx_bytes,  stats.tx_bytes,  stats.rx_packets, stats.tx_packets,
                          stats.rx_errors, stats.tx_errors, stats.rx_dropped, stats.tx_dropped};
            has_stats = true;
        }
    });
    if (link.name.empty() || !has_stats) return std::nullopt;
    return link;
}

namespace {

// The interface of the first usable next hop; 0: none.
int first_next_hop(Bytes hops) {
    while (const auto hop = read_as<rtnexthop>(hops)) {
        if (hop->rtnh_len < sizeof *hop || hop->rtnh_len > hops.size()) return 0;
        if ((hop->rtnh_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)) == 0) return hop->rtnh_ifindex;
        hops = hops.subspan(std::min<std::size_t>(RTNH_ALIGN(hop->rtnh_len), hops.size()));
    }
    return 0;
}

} // namespace

bool is_default_route(Bytes payload) {
    const auto info = read_as<rtmsg>(payload);
    return info && info->rtm_dst_len == 0 && info->rtm_table == RT_TABLE_MAIN;
}

std::optional<DefaultRoute> parse_default_route(Bytes payload) {
    const auto info = read_as<rtmsg>(payload);
    if (!info || info->rtm_dst_len != 0 || info->rtm_src_len != 0 || info->rtm_type != RTN_UNICAST) return std::nullopt;
    if ((info->rtm_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)) != 0) return std::nullopt;
    DefaultRoute route;
    std::uint32_t table = info->rtm_table;
    for_each_attribute(payload.subspan(sizeof *info), [&](unsigned type, Bytes value) {
        if (type == RTA_TABLE) table = read_as<std::uint32_t>(value).value_or(table);
        if (type == RTA_PRIORITY) route.metric = read_as<std::uint32_t>(value).value_or(0);
        if (type == RTA_OIF) route.interface = read_as<int>(value).value_or(0);
        if (type == RTA_MULTIPATH) route.interface = first_next_hop(value);
    });
    if (table != RT_TABLE_MAIN || route.interface == 0) return std::nullopt;
    return route;
}

Result<Links> Links::open() {
    return NetlinkSocket::open().map([](NetlinkSocket&& socket) { return Links(std::move(socket)); });
}

Result<std::vector<Link>> Links::list() {
    auto links = socket_.dump(RTM_GETLINK, ifinfomsg{}, parse_link);
    if (!links) return links;
    // Old kernels list them in another order, and one may be listed twice if devices appear or disappear meanwhile.
    std::ranges::sort(*links, {}, &Link::index);
    const auto same = [](const Link& a, const Link& b) { return a.index == b.index; };
    links->erase(std::unique(links->begin(), links->end(), same), links->end());
    return links;
}

Result<std::optional<std::string>> Links::default_route_interface() {
    for (const auto family : {AF_INET, AF_INET6}) {
        rtmsg request{};
        request.rtm_family = static_cast<unsigned char>(family);
        request.rtm_table = RT_TABLE_MAIN;
        const auto routes = socket_.dump(RTM_GETROUTE, request, parse_default_route);
        if (!routes) return fail(routes.error());
        const auto best = std::ranges::min_element(*routes, {}, &DefaultRoute::metric);
        if (best == routes->end()) continue;
        std::array<char, IF_NAMESIZE> name{};
        if (::if_indextoname(static_cast<unsigned>(best->interface), name.data()) != nullptr)
            return std::string(name.data());
    }
    return std::nullopt;
}

namespace {

// Makes the kernel drop events about non-default routes, so that they do not wake anybody up: a router has many per
// second. If the filter cannot be set, take() ignores these events.
void leave_out_other_routes(int fd) {
    constexpr std::uint32_t type = offsetof(nlmsghdr, nlmsg_type);
    constexpr std::uint32_t prefix_length = sizeof(nlmsghdr) + offsetof(rtmsg, rtm_dst_len);
    constexpr std::uint32_t whole = UINT32_MAX;
    // A socket filter reads numbers in network byte order.
    std::array<sock_filter, 7> filter{{
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, type),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 0, 2),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, prefix_length),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, whole),
        BPF_STMT(BPF_RET | BPF_K, 0),
    }};
    const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    (void)::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

} // namespace

Result<LinkEvents> LinkEvents::open() {
    return NetlinkSocket::open({RTNLGRP_LINK, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_IFADDR})
        .map([](NetlinkSocket&& socket) {
            leave_out_other_routes(socket.fd());
            return LinkEvents(std::move(socket));
        });
}

Result<LinkEvents::Changes> LinkEvents::take() {
    Changes changes;
    const auto lost = socket_.take_waiting([&](std::uint16_t type, Bytes payload) {
        switch (type) {
        case RTM_NEWLINK:
        case RTM_DELLINK:
            changes = {true, true};
            break; // no event is sent for routes that vanish because their device is removed or set down
        case RTM_DELADDR: changes.default_route = true; break; // or, for IPv4, because their source address is removed
        case RTM_NEWROUTE:
        case RTM_DELROUTE: changes.default_route = changes.default_route || is_default_route(payload); break;
        default: break;
        }
    });
    if (!lost) return fail(lost.error());
    if (*lost) changes = {true, true};
    return changes;
}

} // namespace kmon
