// SPDX-License-Identifier: GPL-2.0-only
// The files of page/, compiled into the program. So no file can be missing, and no path can lead outside.
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
