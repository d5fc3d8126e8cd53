// SPDX-License-Identifier: GPL-2.0-only
#include "suggest.hpp"

#include <algorithm>
#include <numeric>

namespace kmon {
namespace {

// The edit distance: letters to add, drop or replace to turn a into b.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row.back();
}

} // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
    constexpr std::size_t longest = 64; // longer words get no suggestion
    if (word.size() > longest) return {};
    std::string best;
    std::size_t least = word.size() / 3 + 2;
    for (const auto& candidate : candidates) {
        const auto d = distance(word, candidate);
        if (d < least) {
            least = d;
            best = candidate;
        }
    }
    return best;
}

} // namespace kmon
