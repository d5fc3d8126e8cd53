// SPDX-License-Identifier: GPL-2.0-only
#include "graph.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace kmon {

namespace {

using Levels = std::array<const char*, 9>;

constexpr Levels rising = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr Levels rising_ascii = {" ", "_", ".", ":", "-", "=", "+", "*", "#"};
constexpr Levels growing = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};

} // namespace

std::string bar(double value, double largest, std::size_t columns, bool unicode) {
    if (!(value > 0) || !(largest > 0)) return "";
    const double share = std::min(value / largest, 1.0) * static_cast<double>(columns);
    std::string drawn;
    if (!unicode) return drawn.append(std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(share))), '#');

    const auto eighths = std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(share * 8)));
    for (std::size_t i = 0; i < eighths / 8; ++i)
        drawn += growing[8];
    return drawn + growing[eighths % 8];
}

std::string sparkline(const std::vector<double>& values, std::size_t columns, bool unicode) {
    const auto first = values.size() > columns ? values.end() - static_cast<std::ptrdiff_t>(columns) : values.begin();
    const double largest = first == values.end() ? 0 : *std::max_element(first, values.end());
    const Levels& levels = unicode ? rising : rising_ascii;

    std::string drawn(columns - static_cast<std::size_t>(values.end() - first), ' ');
    for (auto value = first; value != values.end(); ++value) {
        std::size_t level = 0;
        if (*value > 0 && largest > 0)
            level = std::clamp<std::size_t>(static_cast<std::size_t>(std::lround(*value / largest * 8)), 1, 8);
        drawn += levels[level];
    }
    return drawn;
}

} // namespace kmon
