// SPDX-License-Identifier: GPL-2.0-only
// What a Recording needs from the machine: the state of every module, the clocks, and what identifies a counter's
// lifetime.
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
