// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kmon {

// The candidate that `word` was probably meant to be; empty if none is similar.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

} // namespace kmon
