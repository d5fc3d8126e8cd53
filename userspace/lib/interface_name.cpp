// SPDX-License-Identifier: GPL-2.0-only
#include "interface_name.hpp"

#include <net/if.h>

#include <cstddef>

namespace kmon {
namespace {

constexpr std::size_t alternative_name_size = 128; // ALTIFNAMSIZ of <linux/if.h>, with the NUL

bool is_name(std::string_view name, std::size_t size) {
    if (name.empty() || name.size() >= size || name == "." || name == "..") return false;
    // The kernel's isspace() is for Latin-1, and so includes the no-break space.
    return name.find_first_of(std::string_view("/: \t\n\v\f\r\xa0\0", 10)) == std::string_view::npos;
}

} // namespace

bool is_interface_name(std::string_view name) { return is_name(name, IFNAMSIZ); }

bool is_alternative_name(std::string_view name) { return is_name(name, alternative_name_size); }

} // namespace kmon
