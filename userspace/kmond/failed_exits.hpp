// SPDX-License-Identifier: GPL-2.0-only
// Processes that end by another code than 0, or by a signal, to the journal: where /etc/kmon.toml asks for that.
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

    // How many entries there may be: so many at once, and then so many a second. The rest is counted and told.
    static constexpr std::uint64_t at_once = 100;
    static constexpr std::uint64_t a_second = 20;

    FailedExits(const Root& root, const control::Journal& journal) : root_(root), journal_(journal) {}

    void want(bool wanted);
    // To be called now and then while it is wanted.
    bool wanted() const { return wanted_; }
    void look(Clock::time_point now = Clock::now());

    // One of them; apart, so that it can be tried without a kernel.
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
