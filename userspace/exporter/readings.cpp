// SPDX-License-Identifier: GPL-2.0-only
#include "readings.hpp"

#include <algorithm>
#include <ctime>

#include "control/module_look.hpp"
#include "metrics_page.hpp"
#include "stats_json.hpp"

namespace kmon::exporter {

namespace {

using namespace std::chrono_literals;

constexpr auto moment = 100ms;
constexpr auto status_moment = 2s;            // it changes seldom, and kmond is asked for it
constexpr auto kmonds_time_to_answer = 300ms; // all the others wait meanwhile
constexpr std::size_t most_kept = 8;          // of texts that differ in `top`

std::uint64_t milliseconds(Readings::Clock::time_point time) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count());
}

Text shared(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

} // namespace

Readings::Readings(Root root, std::size_t top, std::function<Clock::time_point()> now)
    : root_(std::move(root)), top_(top), now_(std::move(now)) {}

// A reading of a million MAC addresses takes a second. Such a reading is then used for a second, which leaves time for
// other work.
void Readings::refresh() {
    const auto begin = now_();
    if (taken_ > 0 && begin < valid_until_) return;
    snapshot_ = take_snapshot(root_, top_);
    metrics_.clear();
    stats_.clear();
    ++taken_;
    taken_at_ = begin;
    const auto end = now_();
    valid_until_ = end + std::max<Clock::duration>(moment, end - begin);
}

Text Readings::metrics(MetricsFormat format) {
    refresh();
    auto& text = metrics_[format];
    if (!text) text = shared(metrics_text(root_, snapshot_, top_, format));
    return text;
}

Text Readings::stats(std::size_t top) {
    refresh();
    top = std::min(top, top_);
    if (stats_.size() >= most_kept && !stats_.contains(top)) stats_.clear();
    auto& text = stats_[top];
    if (!text) {
        auto json = stats_json(root_, snapshot_, std::time(nullptr), top);
        json["monotonic_ms"] = milliseconds(taken_at_); // for rates, even if the clock is set
        text = shared(to_text(json, -1));
    }
    return text;
}

Text Readings::status() {
    if (status_ && now_() < status_valid_until_) return status_;
    const auto config = read_config(root_).config;
    const auto look = control::look_at_modules(root_, config, control::ask_network, kmonds_time_to_answer);
    Json modules = Json::object();
    for (const auto& module : look.modules)
        modules[module.report.name] = control::to_json(module);
    status_ = shared(to_text({{"by", look.report.by}, {"modules", std::move(modules)}}, -1));
    status_valid_until_ = now_() + (look.silent ? 5 * status_moment : status_moment);
    return status_;
}

} // namespace kmon::exporter
