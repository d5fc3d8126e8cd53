// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace kmon {

// "eth0, eth1": the texts of a list, which text_of makes of its items, with a separator between.
template <class List, class TextOf = std::identity>
std::string joined(const List& list, std::string_view separator = ", ", TextOf text_of = {}) {
    std::string all;
    bool first = true;
    for (const auto& item : list) {
        if (!first) all += separator;
        first = false;
        all += std::invoke(text_of, item);
    }
    return all;
}

} // namespace kmon
