// SPDX-License-Identifier: GPL-2.0-only
// A row of the history, as a damaged database may contain it: it is refused, or packing it gives the same row again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "history/row.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kmon::history;
    Row row;
    if (!unpack({reinterpret_cast<const char*>(data), size}, row)) return 0;
    Row again;
    if (!unpack(pack(row), again) || again != row) std::abort();
    return 0;
}
