// SPDX-License-Identifier: GPL-2.0-only
// /api/v1/history: what `kmonctl history --json` says, asked for by an address.
#pragma once

#include <ctime>

#include "answers.hpp"
#include "root.hpp"

namespace kmon::exporter {

// ?what=devices&last=24h&by=hour&top=20&device=nas; from= and to= instead of last=. Bounded in time, as others ask,
// too, and in size.
Answer answer_history(const Arguments& arguments, const Root& root, std::time_t now);

} // namespace kmon::exporter
