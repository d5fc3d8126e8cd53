// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <ctime>
#include <string>

namespace kmon::cli {

// "2027-01-15 09:00:00 +0100", as the pages' headings have it.
inline constexpr const char* time_form = "%Y-%m-%d %H:%M:%S %z";

// form: as strftime(3) takes it, for up to 63 characters.
std::string local_time(std::time_t when, const char* form);

} // namespace kmon::cli
