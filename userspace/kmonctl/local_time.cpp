// SPDX-License-Identifier: GPL-2.0-only
#include "local_time.hpp"

#include <array>

namespace kmon::cli {

std::string local_time(std::time_t when, const char* form) {
    std::tm local{};
    std::array<char, 64> text{};
    if (::localtime_r(&when, &local) == nullptr) return "?";
    return {text.data(), std::strftime(text.data(), text.size(), form, &local)};
}

} // namespace kmon::cli
