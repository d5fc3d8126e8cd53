// SPDX-License-Identifier: GPL-2.0-only
// Whether kmond took its configuration when it last read it. A file in /run/kmon says it, so that whoever wants to know
// need not wake kmond up; systemd takes it away when kmond ends.
#pragma once

#include <cstdint>
#include <optional>

#include "result.hpp"
#include "root.hpp"

namespace kmon {

struct LastReload {
    bool worked = false;
    std::uint64_t worked_at = 0; // when it last did, in seconds since 1970
};

std::optional<LastReload> read_last_reload(const Root& root);
Result<void> write_last_reload(const Root& root, const LastReload& last);

} // namespace kmon
