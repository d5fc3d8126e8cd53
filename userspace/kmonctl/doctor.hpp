// SPDX-License-Identifier: GPL-2.0-only
// What `kmonctl doctor` looks at, finding by finding.
#pragma once

#include "config.hpp"
#include "context.hpp"
#include "finding.hpp"

namespace kmon::cli {

Stimulus real_stimulus();

// Configuration, modules, signatures, versions, service, settings.
Findings look_at_system(const Context& context, const ConfigReading& config);

// kmon's counts beside the kernel's own.
Findings compare_counts(const Context& context, const Stimulus& stimulus);

} // namespace kmon::cli
