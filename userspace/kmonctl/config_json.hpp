// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "config.hpp"
#include "json.hpp"

namespace kmon::cli {

// With the keys of /etc/kmon.toml.
Json to_json(const Config& config);
Json to_json(const ConfigProblem& problem);

} // namespace kmon::cli
