// SPDX-License-Identifier: GPL-2.0-only
// Sets several parameters, all or none.
#pragma once

#include <vector>

#include "sysfs.hpp"

namespace kmon::control {

class Transaction {
public:
    explicit Transaction(const Root& root) : root_(root) {}

    // True: written. False: it already had that value. Then nothing is written, so that no interval restarts and no
    // line goes to the kernel log.
    Result<bool> set(const Setting& setting);

    // Restores the old values, the last one first. Returns what could not be restored.
    std::vector<Error> roll_back();

private:
    const Root& root_;
    std::vector<Setting> old_;
};

} // namespace kmon::control
