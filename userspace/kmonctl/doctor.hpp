// SPDX-License-Identifier: GPL-2.0-only
// The checks of `kmonctl doctor`.
#pragma once

#include "config.hpp"
#include "context.hpp"
#include "finding.hpp"

namespace kmon::cli {

Stimulus real_stimulus();

// Configuration, modules, signatures, versions, service, settings.
Findings look_at_system(const Context& context, const ConfigReading& config);

// Compares kmon's counts with the kernel's own.
Findings compare_counts(const Context& context, const Stimulus& stimulus);

} // namespace kmon::cli
