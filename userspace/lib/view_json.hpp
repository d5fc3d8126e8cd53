// SPDX-License-Identifier: GPL-2.0-only
// The views as JSON for `--json`: the keys are those of the modules' own views, with the lines nested where they
// belong.
#pragma once

#include <nlohmann/json.hpp>

#include "views.hpp"

namespace kmon {

using Json = nlohmann::ordered_json;

Json to_json(const LocalhostView& view);
Json to_json(const L2View& view);
Json to_json(const KstatView& view);
Json to_json(const NetmonView& view);
Json to_json(const ProcessView& view);

// Bytes that are no UTF-8 become U+FFFD. indent -1: on one line.
std::string to_text(const Json& json, int indent = 2);

} // namespace kmon
