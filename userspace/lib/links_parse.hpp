// SPDX-License-Identifier: GPL-2.0-only
// What links.cpp makes of the kernel's messages; apart, so that tests can feed it broken ones.
#pragma once

#include <cstdint>
#include <optional>

#include "links.hpp"
#include "netlink.hpp"

namespace kmon {

struct DefaultRoute {
    int interface = 0;
    std::uint32_t metric = 0;
};

// payload: that of an RTM_NEWLINK. Nothing where name or statistics are missing.
std::optional<Link> parse_link(Bytes payload);

// payload: that of an RTM_NEWROUTE. Nothing where it is no default route of the main table that leads anywhere.
std::optional<DefaultRoute> parse_default_route(Bytes payload);

// payload: that of an RTM_NEWROUTE or RTM_DELROUTE. Is it about a default route of the main table, usable or not?
bool is_default_route(Bytes payload);

} // namespace kmon
