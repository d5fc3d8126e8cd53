// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace kmon {

// "eth0, eth1": converts the items of a list with text_of, and joins them with a separator.
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
