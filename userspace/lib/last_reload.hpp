// SPDX-License-Identifier: GPL-2.0-only
// Whether kmond accepted its configuration when it last read it. This is in a file in /run/kmon, so that readers need
// not ask kmond. systemd removes the file when kmond exits.
#pragma once

#include <cstdint>
#include <optional>

#include "result.hpp"
#include "root.hpp"

namespace kmon {

struct LastReload {
    bool worked = false;
    std::uint64_t worked_at = 0; // when it last accepted one, in seconds since 1970
};

std::optional<LastReload> read_last_reload(const Root& root);
Result<void> write_last_reload(const Root& root, const LastReload& last);

} // namespace kmon
