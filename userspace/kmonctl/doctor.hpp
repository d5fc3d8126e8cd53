// SPDX-License-Identifier: GPL-2.0-only
// What `kmonctl doctor` looks at, finding by finding.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "config.hpp"
#include "context.hpp"
#include "module_look.hpp"

namespace kmon::cli {

struct Finding {
    enum State { good, warning, bad, skipped };

    std::string subject;
    State state = good;
    std::string words;
    std::string cure; // a command
};

using Findings = std::vector<Finding>;

// Events of our own, to see them counted. Tests put others in their place.
struct Stimulus {
    std::function<Result<void>(unsigned count)> send_datagrams; // over lo
    std::function<Result<std::uint64_t>()> talk_tcp;            // over lo; the segments sent
    std::function<Result<void>(unsigned count)> end_processes;
    std::function<void()> wait; // for traffic that others make
};

Stimulus real_stimulus();

// Configuration, modules, signatures, versions, service, settings.
Findings look_at_system(const Context& context, const ConfigReading& config);

// kmon's counts beside the kernel's own.
Findings compare_counts(const Context& context, const Stimulus& stimulus);

} // namespace kmon::cli
