// SPDX-License-Identifier: GPL-2.0-only
// What was counted in one slot of time: of each series, by how much it grew. Packed, since there are millions.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace kmon::history {

struct Growth {
    std::uint32_t series = 0;
    std::uint64_t by = 0;
    bool operator==(const Growth&) const = default;
};

// Each series once, in ascending order.
using Row = std::vector<Growth>;

// Runs of neighbouring series: how many are left out, how many follow, and their numbers, all as LEB128. A series that
// did not grow is left out; inside a run it is one byte.
std::string pack(const Row& row);

// False where it is no packed row; what was read up to there has been visited.
bool unpack(std::string_view packed, const std::function<void(const Growth& growth)>& visit);
bool unpack(std::string_view packed, Row& row);

// Adds the second to the first.
void add(Row& row, const Row& more);

} // namespace kmon::history
