// SPDX-License-Identifier: GPL-2.0-only
// Bars and sparklines, with block characters or in ASCII.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kmon {

// A bar of up to `columns` for value out of largest; anything above 0 shows.
std::string bar(double value, double largest, std::size_t columns, bool unicode);

// The latest `columns` values, the newest at the right, relative to the largest one shown.
std::string sparkline(const std::vector<double>& values, std::size_t columns, bool unicode);

} // namespace kmon
