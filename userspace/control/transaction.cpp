// SPDX-License-Identifier: GPL-2.0-only
#include "transaction.hpp"

#include <algorithm>

#include "modules/module_table.hpp"

namespace kmon::control {

Result<bool> Transaction::set(const Setting& setting) {
    const auto now = read_parameter(root_, setting.module, setting.parameter);
    if (!now && lacks_parameter(now.error())) {
        // An older module that lacks the parameter behaves as its default says.
        if (is_default(setting)) return false;
        return fail(no_such_parameter(setting));
    }
    if (!now) return fail(now.error());
    if (*now == setting.value) return false;
    // Remember the old value before writing: even if the new one reads back differently, it was changed.
    old_.push_back({setting.module, setting.parameter, *now});
    if (const auto written = write_parameter(root_, setting); !written) return fail(written.error());
    return true;
}

std::vector<Error> Transaction::roll_back() {
    std::vector<Error> failed;
    std::for_each(old_.rbegin(), old_.rend(), [&](const Setting& old) {
        const auto now = read_parameter(root_, old.module, old.parameter);
        if (now && *now == old.value) return;
        if (const auto restored = write_parameter(root_, old); !restored) failed.push_back(restored.error());
    });
    old_.clear();
    return failed;
}

} // namespace kmon::control
