// SPDX-License-Identifier: GPL-2.0-only
// Several parameters set, all or none.
#pragma once

#include <vector>

#include "sysfs.hpp"

namespace kmon::control {

class Transaction {
public:
    explicit Transaction(const Root& root) : root_(root) {}

    // True: written. False: it had that value, and nothing was written, so no interval began anew and no line went to
    // the kernel log.
    Result<bool> set(const Setting& setting);

    // Puts the old values back, the last one first. What could not be put back.
    std::vector<Error> roll_back();

private:
    const Root& root_;
    std::vector<Setting> old_;
};

} // namespace kmon::control
