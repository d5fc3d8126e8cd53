// SPDX-License-Identifier: GPL-2.0-only
// A unit's state, from systemd over D-Bus.
#pragma once

#include <string>

#include "result.hpp"

namespace kmon::cli {

inline constexpr const char* kmon_service = "kmon.service";

struct Service {
    std::string load;    // loaded, not-found, masked ...
    std::string active;  // active, inactive, failed, activating ...
    std::string enabled; // enabled, disabled, static ...
    std::string status;  // the status line that a service set (STATUS=)
};

Result<Service> query_service(const std::string& unit);

} // namespace kmon::cli
