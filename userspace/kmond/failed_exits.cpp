// SPDX-License-Identifier: GPL-2.0-only
#include "failed_exits.hpp"

#include <syslog.h>

#include <algorithm>

#include "control/exit_entry.hpp"

namespace kmon::kmond {

namespace {

using namespace std::chrono_literals;
using control::Topic;

constexpr auto between_attempts = 10s;
constexpr auto between_summaries = 1s;

} // namespace

void FailedExits::want(bool wanted) {
    wanted_ = wanted;
    told_why_not_ = false;
    next_attempt_ = {};
    if (!wanted) trace_.reset();
}

void FailedExits::open(Clock::time_point now) {
    if (now < next_attempt_) return;
    next_attempt_ = now + between_attempts;
    auto trace = ExitTrace::open(root_, ExitTrace::Only::failed);
    if (trace) {
        trace_.emplace(std::move(*trace));
        lost_told_ = 0;
        told_why_not_ = false;
        return;
    }
    if (!told_why_not_)
        journal_({Topic::setting_refused,
                  LOG_WARNING,
                  "failed exits are not written to the journal: " + control::sentence(trace.error()),
                  {{"KMON_MODULE", "process_monitor"}, {"KMON_CURE", trace.error().hint}}});
    told_why_not_ = true;
}

void FailedExits::look(Clock::time_point now) {
    if (!wanted_) return;
    if (!trace_) open(now);
    if (!trace_) return;
    const auto records = trace_->read();
    if (!records) {
        trace_.reset();
        return;
    }
    const auto to_wall = monotonic_to_wall();
    for (const auto& record : *records)
        if (record.failed()) tell(record, to_wall, now);
    if (now >= next_summary_) {
        (void)trace_->attached(); // attaches again after the module was reloaded
        const auto lost = trace_->lost();
        suppressed_ += lost - std::min(lost, lost_told_);
        lost_told_ = std::max(lost, lost_told_);
    }
    tell_suppressed(now);
}

bool FailedExits::may_tell(Clock::time_point now) {
    const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now - room_since_).count();
    if (const auto more = static_cast<std::uint64_t>(passed) * a_second / 1000; more > 0) {
        room_ = std::min(at_once, room_ + more);
        room_since_ = now;
    }
    if (room_ == 0) return false;
    --room_;
    return true;
}

void FailedExits::tell(const ExitRecord& record, std::int64_t to_wall, Clock::time_point now) {
    if (may_tell(now))
        journal_(control::entry_of(record, to_wall));
    else
        ++suppressed_;
}

void FailedExits::tell_suppressed(Clock::time_point now) {
    if (now < next_summary_) return;
    next_summary_ = now + between_summaries;
    if (suppressed_ == 0) return;
    const auto count = std::to_string(suppressed_);
    suppressed_ = 0;
    journal_({Topic::exits_suppressed,
              LOG_WARNING,
              count + " more processes failed, but were not written to the journal (rate limit)",
              {{"KMON_SUPPRESSED", count}}});
}

} // namespace kmon::kmond
