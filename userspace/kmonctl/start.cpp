// SPDX-License-Identifier: GPL-2.0-only
#include "command.hpp"
#include "kstat_switch.hpp"

namespace kmon::cli {

void add_start(CLI::App& kmon, Context& context) {
    add_command(kmon, context, "start", "Let kstat count outgoing TCP packets",
                [&context] { return switch_kstat(context, true); });
}

} // namespace kmon::cli
