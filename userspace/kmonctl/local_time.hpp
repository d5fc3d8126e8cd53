// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <ctime>
#include <string>

namespace kmon::cli {

// form: as strftime(3) takes it, for up to 63 characters.
std::string local_time(std::time_t when, const char* form);

} // namespace kmon::cli
