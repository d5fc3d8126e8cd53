// SPDX-License-Identifier: GPL-2.0-only
#include "selection.hpp"

#include <fnmatch.h>

#include <algorithm>

namespace netmon {
namespace {

// A name may contain characters that make it look like a glob, so compare it literally, too.
bool matches(const std::string& word, const std::string& name) {
    return word == name || (is_glob(word) && ::fnmatch(word.c_str(), name.c_str(), 0) == 0);
}

bool any_means(const std::vector<std::string>& words, const kmon::Link& link) {
    return std::ranges::any_of(words, [&](const auto& word) { return means(word, link); });
}

} // namespace

bool is_glob(std::string_view word) {
    const auto bracket = word.find('[');
    return word.find_first_of("*?") != std::string_view::npos ||
           (bracket != std::string_view::npos && word.find(']', bracket) != std::string_view::npos);
}

bool means(const std::string& word, const kmon::Link& link) {
    if (word == all_interfaces) return !link.loopback;
    return matches(word, link.name) ||
           std::ranges::any_of(link.alternative_names, [&](const auto& name) { return matches(word, name); });
}

bool Selection::watches(const kmon::Link& link) const { return any_means(wanted, link) && !any_means(excluded, link); }

} // namespace netmon
