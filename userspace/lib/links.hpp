// SPDX-License-Identifier: GPL-2.0-only
// Network devices, the default route's interface, and notifications of changes, from rtnetlink, in the network
// namespace of the calling process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "link_stats.hpp"
#include "netlink.hpp"
#include "result.hpp"

namespace kmon {

struct Link {
    int index = 0;    // a device that returns under its old name has a new one
    std::string name; // any bytes except '/' and blanks: escape it before showing it
    bool loopback = false;
    LinkStats stats;
    std::vector<std::string> alternative_names{};
    std::uint8_t operstate = 0; // IF_OPER_* of <linux/if.h>; 0: unknown
};

class Links {
public:
    static Result<Links> open();

    // Every device, from one dump, in the order of their index.
    Result<std::vector<Link>> list();

    // The interface of the default route with the lowest metric in the main table: of IPv4, or else of IPv6.
    // Nothing if there is no default route.
    Result<std::optional<std::string>> default_route_interface();

private:
    explicit Links(NetlinkSocket socket) : socket_(std::move(socket)) {}

    NetlinkSocket socket_;
};

// Says that devices or the default route may have changed, but not how: the caller asks Links again. So nothing is
// missed if there are more messages than the socket can hold.
class LinkEvents {
public:
    static Result<LinkEvents> open();

    struct Changes {
        bool links = false;
        bool default_route = false; // other routes do not matter; a router has many
        bool operator==(const Changes&) const = default;
    };

    // Readable when something changed: for poll() or sd_event_add_io().
    int fd() const { return socket_.fd(); }

    // Reads all pending messages: what changed since the last call.
    Result<Changes> take();

private:
    explicit LinkEvents(NetlinkSocket socket) : socket_(std::move(socket)) {}

    NetlinkSocket socket_;
};

} // namespace kmon
