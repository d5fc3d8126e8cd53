// SPDX-License-Identifier: GPL-2.0-only
#include "row.hpp"

namespace kmon::history {

namespace {

// A new run takes two bytes, so up to two series that did not grow are better stored inside a run.
constexpr std::uint32_t bridged = 2;

void put(std::string& out, std::uint64_t number) {
    while (number >= 0x80) {
        out += static_cast<char>(number | 0x80U);
        number >>= 7U;
    }
    out += static_cast<char>(number);
}

} // namespace

std::string pack(const Row& row) {
    std::string packed;
    packed.reserve(row.size() * 4);
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < row.size();) {
        std::size_t end = i + 1; // of the run
        while (end < row.size() && row[end].series - row[end - 1].series <= bridged + 1)
            ++end;
        put(packed, row[i].series - next);
        put(packed, row[end - 1].series - row[i].series + 1);
        for (next = row[i].series; i < end; ++i) {
            for (; next < row[i].series; ++next)
                put(packed, 0);
            put(packed, row[i].by);
            ++next;
        }
    }
    return packed;
}

bool unpack(std::string_view packed, Row& row) {
    row.clear();
    return unpack(packed, [&](const Growth& growth) { row.push_back(growth); });
}

void add(Row& row, const Row& more) {
    if (more.empty()) return;
    if (row.empty()) {
        row = more;
        return;
    }
    Row sum;
    sum.reserve(row.size() + more.size());
    auto a = row.begin();
    auto b = more.begin();
    while (a != row.end() || b != more.end()) {
        if (b == more.end() || (a != row.end() && a->series < b->series)) {
            sum.push_back(*a++);
        } else if (a == row.end() || b->series < a->series) {
            sum.push_back(*b++);
        } else {
            sum.push_back({a->series, a->by + b->by});
            ++a;
            ++b;
        }
    }
    row = std::move(sum);
}

} // namespace kmon::history
