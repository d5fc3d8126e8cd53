// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string_view>

namespace kmon {

// Is it a valid interface name? The kernel's rules: at most 15 bytes, no '/', ':' or blank, not "." or "..".
bool is_interface_name(std::string_view name);

// The same for an alternative name (ip-link(8), altname), which may have up to 127 bytes.
bool is_alternative_name(std::string_view name);

} // namespace kmon
