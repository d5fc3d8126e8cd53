// SPDX-License-Identifier: GPL-2.0-only
#include "metrics.hpp"

namespace kmon {

std::string Family::unit() const {
    for (const std::string word : {"seconds", "bytes"})
        if (name.ends_with("_" + word)) return word;
    return "";
}

} // namespace kmon
