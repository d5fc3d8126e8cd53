// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <ctime>
#include <string>

namespace kmon::cli {

// For headings: "2027-01-15 09:00:00 +0100".
inline constexpr const char* time_form = "%Y-%m-%d %H:%M:%S %z";

// form: a strftime(3) format whose result has at most 63 characters.
std::string local_time(std::time_t when, const char* form);

} // namespace kmon::cli
