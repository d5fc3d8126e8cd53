// SPDX-License-Identifier: GPL-2.0-only
#include "json.hpp"

namespace kmon {

std::string to_text(const Json& json, int indent) {
    return json.dump(indent, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

} // namespace kmon
