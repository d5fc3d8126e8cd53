// SPDX-License-Identifier: GPL-2.0-only
#include "row.hpp"

#include <limits>
#include <optional>

namespace kmon::history {

namespace {

// A new run takes two bytes, so up to two series that did not grow are cheaper inside one.
constexpr std::uint32_t bridged = 2;

void put(std::string& out, std::uint64_t number) {
    while (number >= 0x80) {
        out += static_cast<char>(number | 0x80U);
        number >>= 7U;
    }
    out += static_cast<char>(number);
}

class Reader {
public:
    explicit Reader(std::string_view packed) : at_(packed.data()), end_(at_ + packed.size()) {}

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

// Calls visit(series, by) for all of it, zeros included.
template <class Visit>
bool for_each(std::string_view packed, const Visit& visit) {
    Reader reader(packed);
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
            if (*by > 0) visit(static_cast<std::uint32_t>(series), *by);
            ++series;
        }
    }
    return true;
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

bool unpack(std::string_view packed, const std::function<void(const Growth& growth)>& visit) {
    return for_each(packed, [&](std::uint32_t series, std::uint64_t by) { visit({series, by}); });
}

bool unpack(std::string_view packed, Row& row) {
    row.clear();
    return for_each(packed, [&](std::uint32_t series, std::uint64_t by) { row.push_back({series, by}); });
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
