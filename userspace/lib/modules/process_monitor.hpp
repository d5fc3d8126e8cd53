// SPDX-License-Identifier: GPL-2.0-only
// Process exits.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lines.hpp"
#include "modules/module.hpp"

namespace kmon {

struct ProcessView : View {
    std::string probe;    // the place: "taskstats_exit"
    std::string probe_by; // "tracepoint", "ftrace", "kprobe"; empty if the module is too old to tell
    bool armed = true;    // false: somebody disabled the probe, so no exits are seen
    bool log = false;
    std::uint64_t log_rate = 0;
    std::uint64_t exits = 0;
    std::uint64_t thread_exits = 0;
    std::uint64_t kernel_thread_exits = 0;
    std::uint64_t logged = 0;
    std::uint64_t suppressed = 0;
    std::uint64_t missed_probes = 0;
    std::uint64_t nonzero_exits = 0; // without those killed by a signal
    std::uint64_t killed_by_signal = 0;
    std::uint64_t utime_ns = 0;
    std::uint64_t stime_ns = 0;

    Page page(const Look& look) const override;
    Json json(std::size_t top = all) const override;
    std::string settings() const override;
    std::vector<Figure> figures() const override;
};

// Should failed exits be written to the journal?
bool failed_exits_wanted(const Config& config);

Result<ProcessView> parse_process(Lines& lines);
// If the module is not loaded, or is unloaded meanwhile: ExitCode::not_running.
Result<ProcessView> read_process(const Root& root);

} // namespace kmon
