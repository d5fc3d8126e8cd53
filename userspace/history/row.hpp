// SPDX-License-Identifier: GPL-2.0-only
// What was counted in one slot of time: by how much each series grew. Packed, because there are millions.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
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

// Runs of neighbouring series: how many are skipped, how many follow, and their growth, all as LEB128. A series that
// did not grow is skipped; inside a run it takes one byte.
std::string pack(const Row& row);

// Calls visit(const Growth&), in order. False if it is not a packed row; what precedes the error has been visited. A
// year has millions of rows, so this is where a question spends its time.
template <class Visit>
bool unpack(std::string_view packed, const Visit& visit);
bool unpack(std::string_view packed, Row& row);

// Adds the second to the first.
void add(Row& row, const Row& more);

// ----

class Leb128Reader {
public:
    explicit Leb128Reader(std::string_view packed) : at_(packed.data()), end_(at_ + packed.size()) {}

    bool at_end() const { return at_ == end_; }

    std::optional<std::uint64_t> number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; at_ != end_ && shift < 64; shift += 7) {
            const auto byte = static_cast<unsigned char>(*at_++);
            value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
            if (byte < 0x80) return value;
        }
        return std::nullopt;
    }

private:
    const char* at_;
    const char* end_;
};

template <class Visit>
bool unpack(std::string_view packed, const Visit& visit) {
    Leb128Reader reader(packed);
    std::uint64_t series = 0;
    while (!reader.at_end()) {
        const auto skipped = reader.number();
        const auto length = reader.number();
        if (!skipped || !length) return false;
        constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
        if (*skipped > most - series || *length > most - series - *skipped) return false;
        series += *skipped;
        for (std::uint64_t left = *length; left > 0; --left) {
            const auto by = reader.number();
            if (!by) return false;
            if (*by > 0) visit(Growth{static_cast<std::uint32_t>(series), *by});
            ++series;
        }
    }
    return true;
}

} // namespace kmon::history
