// SPDX-License-Identifier: GPL-2.0-only
// Writes processes that exit with a non-zero code, or by a signal, to the journal, if /etc/kmon.toml says so.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "control/journal.hpp"
#include "exit_trace.hpp"
#include "root.hpp"

namespace kmon::kmond {

class FailedExits {
public:
    using Clock = std::chrono::steady_clock;

    // The limits: this many entries at once, then this many per second. The rest is counted and reported.
    static constexpr std::uint64_t at_once = 100;
    static constexpr std::uint64_t a_second = 20;

    FailedExits(const Root& root, const control::Journal& journal) : root_(root), journal_(journal) {}

    void want(bool wanted);
    // Call it regularly while `wanted`.
    bool wanted() const { return wanted_; }
    void look(Clock::time_point now = Clock::now());

    // Writes one exit; separate, so that tests need no kernel.
    void tell(const ExitRecord& record, std::int64_t to_wall, Clock::time_point now);
    void tell_suppressed(Clock::time_point now);

private:
    void open(Clock::time_point now);
    bool may_tell(Clock::time_point now);

    const Root& root_;
    const control::Journal& journal_;
    bool wanted_ = false;
    bool told_why_not_ = false;
    std::optional<ExitTrace> trace_;
    Clock::time_point next_attempt_;
    std::uint64_t room_ = at_once;
    Clock::time_point room_since_;
    std::uint64_t suppressed_ = 0;
    std::uint64_t lost_told_ = 0;
    Clock::time_point next_summary_;
};

} // namespace kmon::kmond
