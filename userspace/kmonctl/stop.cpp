// SPDX-License-Identifier: GPL-2.0-only
#include "command.hpp"
#include "kstat_switch.hpp"

namespace kmon::cli {

void add_stop(CLI::App& kmon, Context& context) {
    add_command(kmon, context, "stop", "Let kstat stop; what it counted stays",
                [&context] { return switch_kstat(context, false); });
}

} // namespace kmon::cli
