// SPDX-License-Identifier: GPL-2.0-only
// The machine as a Recording takes it: every module as it is now, the clocks, and what tells one life of a counter from
// another.
#pragma once

#include <memory>
#include <vector>

#include "history/recording.hpp"
#include "root.hpp"

namespace kmon::history {

Moment moment_now(const Root& root);

struct ModuleReading {
    const Module* module = nullptr;
    Result<std::unique_ptr<View>> view;
    Instance instance;
};

std::vector<ModuleReading> read_modules(const Root& root, const std::string& boot);

std::vector<Recording::Taken> as_taken(const std::vector<ModuleReading>& readings);

} // namespace kmon::history
