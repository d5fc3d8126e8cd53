// SPDX-License-Identifier: GPL-2.0-only
// Which interfaces are selected.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "links.hpp"

namespace netmon {

constexpr std::string_view all_interfaces = "all";

// Is `word` the name or an alternative name of `link`, or a glob that matches one? "all" is every interface but lo.
bool means(const std::string& word, const kmon::Link& link);

bool is_glob(std::string_view word);

struct Selection {
    std::vector<std::string> wanted; // names, globs, "all"
    std::vector<std::string> excluded{};

    bool watches(const kmon::Link& link) const;
};

} // namespace netmon
