// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace kmon {

using Json = nlohmann::ordered_json;

// Bytes that are not UTF-8 become U+FFFD. indent -1: on one line.
std::string to_text(const Json& json, int indent = 2);

} // namespace kmon
