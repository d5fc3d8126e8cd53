// SPDX-License-Identifier: GPL-2.0-only
// The files of page/, in the program itself: so there is nothing to find, and nothing that a path could lead out of.
#pragma once

#include <span>
#include <string_view>

namespace kmon::exporter {

struct PageFile {
    std::string_view name; // "index.html"
    const char* type;
    std::string_view content;
};

extern const std::span<const PageFile> page_files; // made by CMakeLists.txt

} // namespace kmon::exporter
