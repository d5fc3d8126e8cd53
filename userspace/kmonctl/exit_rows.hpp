// SPDX-License-Identifier: GPL-2.0-only
// Exits as lines of text and of JSON, for `kmonctl exits` and `kmonctl top`.
#pragma once

#include <cstdint>
#include <string>

#include "exit_record.hpp"
#include "json.hpp"
#include "page.hpp"

namespace kmon::cli {

// columns: the width of the page. A narrow page omits the parent, the lifetime, the CPU time and the core dump.
Line exit_heading(std::size_t columns);
Line exit_row(const ExitRecord& record, std::int64_t to_wall, std::size_t columns);

// "15:04:05.678", or without the milliseconds.
std::string time_of_end(const ExitRecord& record, std::int64_t to_wall, bool milliseconds);

Style style_of(const ExitRecord& record);

// cgroup: the path of the process's cgroup; empty: unknown.
Json to_json(const ExitRecord& record, std::int64_t to_wall, const std::string& cgroup);

} // namespace kmon::cli
