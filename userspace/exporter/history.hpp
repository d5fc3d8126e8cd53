// SPDX-License-Identifier: GPL-2.0-only
// /api/v1/history: answers a URL as `kmonctl history --json` would.
#pragma once

#include <ctime>

#include "answers.hpp"
#include "root.hpp"

namespace kmon::exporter {

// ?what=devices&last=24h&by=hour&top=20&device=nas; from= and to= instead of last=. The answer is limited in time and
// size, because other clients wait.
Answer answer_history(const Arguments& arguments, const Root& root, std::time_t now);

} // namespace kmon::exporter
