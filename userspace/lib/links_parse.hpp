// SPDX-License-Identifier: GPL-2.0-only
// Parses the kernel's messages for links.cpp; separate, so that tests can feed it broken ones.
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

// payload: of an RTM_NEWLINK. Nothing if name or statistics are missing.
std::optional<Link> parse_link(Bytes payload);

// payload: of an RTM_NEWROUTE. Nothing unless it is a usable default route of the main table.
std::optional<DefaultRoute> parse_default_route(Bytes payload);

// payload: of an RTM_NEWROUTE or RTM_DELROUTE. Is it a default route of the main table, usable or not?
bool is_default_route(Bytes payload);

} // namespace kmon
