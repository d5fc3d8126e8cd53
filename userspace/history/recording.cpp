// SPDX-License-Identifier: GPL-2.0-only
#include "recording.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "escape.hpp"
#include "file.hpp"
#include "file_descriptor.hpp"

namespace kmon::history {

namespace {

// How much may wait to be written. Beyond that, the waiting rows are merged: the sums are kept, the times are not.
constexpr std::size_t most_waiting = 256;
constexpr std::size_t most_waiting_bytes = std::size_t{2} << 20U;

// Limits for new sets of labels (devices): at once, and per minute. If somebody sends from random addresses, the excess
// is counted as "other".
constexpr double new_at_once = 20'000;
constexpr double new_a_minute = 20;

std::int64_t seconds_of(std::int64_t ms) { return (ms + (ms >= 0 ? 500 : -499)) / 1000; }

std::uint64_t inode_of(const std::filesystem::path& file) {
    struct stat about {};
    return ::stat(file.c_str(), &about) == 0 ? about.st_ino : 0;
}

} // namespace

// ---- numbers of series

class Recording::FromStore : public Numbers {
public:
    explicit FromStore(Recording& recording) : recording_(recording) {}

    Result<std::int64_t> kind(const std::string& module, const std::string& labels,
                              const std::string& figures) override {
        auto& kinds = recording_.kinds_;
        for (const auto& kind : kinds)
            if (kind.module == module && kind.labels == labels && kind.figures == figures) return kind.id;
        const auto id = kinds.empty() ? 1 : kinds.back().id + 1;
        kinds.push_back({id, module, labels, figures});
        return id;
    }

    Result<std::optional<std::uint32_t>> block(std::int64_t kind, const std::string& labels, std::uint32_t figures,
                                               bool needed) override {
        auto& store = recording_.store_;
        // It is known from earlier and has come back.
        if (store) {
            const auto known = store->find_block(kind, labels);
            if (!known) return fail(known.error());
            if (*known) return known;
        }
        const auto key = std::to_string(kind) + labels;
        if (const auto known = recording_.new_firsts_.find(key); known != recording_.new_firsts_.end())
            return std::optional(known->second);
        // All of them may be in use.
        if (recording_.blocks_ + recording_.new_blocks_.size() >= recording_.limits_.max_size / 200)
            recording_.new_allowed_ = 0;
        if (recording_.new_allowed_ < 1 && !needed) return std::optional<std::uint32_t>();
        recording_.new_allowed_ = std::max(recording_.new_allowed_ - 1, 0.0);
        const auto first = recording_.next_series_;
        recording_.next_series_ += figures;
        recording_.new_blocks_.push_back({first, kind, labels});
        recording_.new_firsts_.emplace(key, first);
        return std::optional(first);
    }

private:
    Recording& recording_;
};

// ---- readings

Meter& Recording::meter_of(const Module& module) {
    const auto known = std::ranges::find(meters_, module.name, &std::pair<std::string, Meter>::first);
    if (known != meters_.end()) return known->second;
    return meters_.emplace_back(module.name, Meter(module.name)).second;
}

void Recording::take(const Moment& moment, const std::vector<Taken>& modules) {
    if (!started_) {
        // The database has the counters from which to take differences. Until it can be read, the kernel keeps
        // counting.
        if (const auto opened = open(); !opened) return failed(opened.error());
        started_ = true;
        new_allowed_ = new_at_once;
        boot_ = moment.boot;
    }
    const auto step = limits_.interval * 1000;
    const auto on_time = [&](std::int64_t elapsed) { return elapsed > 0 && elapsed <= step + step / 2; };
    if (last_moment_)
        new_allowed_ = std::min(
            new_at_once, new_allowed_ + new_a_minute * static_cast<double>(moment.uptime - *last_moment_) / 60000);

    // Modules that were last read at the same moment share a row.
    std::map<std::int64_t, Row> grown;
    if (last_moment_ && on_time(moment.uptime - *last_moment_)) grown[*last_moment_];
    FromStore numbers(*this);
    bool many = false;
    for (const auto& taken : modules) {
        auto& meter = meter_of(*taken.module);
        if (taken.view == nullptr) {
            if (taken.absent) {
                meter.absent(moment.boot);
                meter.looked_at(moment.boot, moment.uptime, seconds_of(moment.time));
            }
            continue;
        }
        // The time since the last reading; across a reboot by the wall clock, but at most the uptime.
        std::int64_t elapsed = moment.uptime;
        if (const auto last = meter.last_uptime(moment.boot))
            elapsed = moment.uptime - *last;
        else if (const auto time = meter.last_time(); time && moment.time / 1000 > *time)
            elapsed = std::min(elapsed, moment.time - *time * 1000);
        elapsed = std::max<std::int64_t>(elapsed, 0);
        const auto interval = on_time(elapsed) ? static_cast<double>(elapsed) / 1000 : 0;
        const auto row = meter.take(taken.instance, *taken.view, taken.module->metrics, interval, numbers);
        if (!row) {
            failed(row.error());
            continue;
        }
        meter.looked_at(moment.boot, moment.uptime, seconds_of(moment.time));
        add(grown[moment.uptime - elapsed], *row);
        many = many || new_allowed_ < 1;
    }
    for (const auto& [from, row] : grown)
        add_waiting(from, moment.uptime, on_time(moment.uptime - from), row);
    if (many && !told_of_many_) words_.warn("too many new devices to record each; the others are counted together");
    told_of_many_ = many;
    last_moment_ = moment.uptime;
}

void Recording::add_waiting(std::int64_t from, std::int64_t to, bool seen, const Row& row) {
    if (row.empty() && !seen) return;
    waiting_.push_back({from, to, seen, pack(row)});
    if (waiting_.size() > most_waiting || waiting_bytes() > most_waiting_bytes) squeeze();
}

// Merges all waiting rows into one: the sum, and the time that it covers.
void Recording::squeeze() {
    Row sum;
    Row one;
    auto from = waiting_.front().from;
    auto to = waiting_.front().to;
    for (const auto& span : waiting_) {
        if (unpack(span.growth, one)) add(sum, one);
        from = std::min(from, span.from);
        to = std::max(to, span.to);
    }
    waiting_.assign(1, {from, to, false, pack(sum)});
}

std::size_t Recording::waiting_bytes() const {
    std::size_t bytes = 0;
    for (const auto& span : waiting_)
        bytes += span.growth.size();
    return bytes;
}

// ---- the file

Result<void> Recording::open() {
    auto store = Store::open(file_, limits_);
    if (!store && is_damage(store.error())) {
        if (auto begun = begin_anew(store.error()); !begun) return begun;
        store = Store::open(file_, limits_);
    }
    if (!store) return fail(store.error());
    store_ = std::move(*store);
    inode_ = inode_of(file_);
    const auto kinds = store_->kinds();
    if (!kinds) return fail(kinds.error());
    const auto next = store_->next_series();
    if (!next) return fail(next.error());
    const auto blocks = store_->blocks();
    if (!blocks) return fail(blocks.error());
    blocks_ = static_cast<std::size_t>(*blocks);
    // It is the same database: continue. Or it is empty: write what we know into it. Or it is another one: start from
    // that.
    const bool same = started_ && *next == written_series_ && kinds->size() == written_kinds_;
    if (same) return {};
    if (started_ && kinds->empty()) return fill_new();
    meters_.clear();
    waiting_.clear();
    new_blocks_.clear();
    new_firsts_.clear();
    last_moment_.reset();
    kinds_ = *kinds;
    written_kinds_ = kinds_.size();
    next_series_ = written_series_ = *next;
    auto restored = restore();
    if (!restored) store_.reset();
    return restored;
}

Result<void> Recording::begin_anew(const Error& damage) {
    store_.reset();
    const auto aside = put_aside(file_);
    if (!aside) return fail(aside.error());
    words_.warn(damage.what + "; it is kept as " + printable(aside->native()) + ", and a new one is started");
    return {};
}

Result<void> Recording::fill_new() {
    written_kinds_ = 0;
    written_series_ = 0;
    new_blocks_.clear();
    new_firsts_.clear();
    for (const auto& [name, meter] : meters_)
        meter.for_each_block([&](std::int64_t kind, std::uint32_t first, const std::string& labels) {
            new_blocks_.push_back({first, kind, labels});
        });
    return {};
}

Result<void> Recording::restore() {
    const auto readings = store_->readings();
    if (!readings) return fail(readings.error());
    for (const auto& last : *readings) {
        Row counters;
        if (!unpack(last.counters, counters)) continue;
        std::vector<Meter::Known> known;
        for (const auto& [series, value] : counters) {
            const bool next = known.empty() || series >= known.back().first + known.back().counters.size();
            if (next) {
                const auto block = store_->block_of(series);
                if (!block) return fail(block.error());
                if (!*block) continue;
                const auto kind = std::ranges::find(kinds_, (*block)->kind, &Kind::id);
                if (kind == kinds_.end()) continue;
                const auto figures = nlohmann::json::parse(kind->figures, nullptr, /*allow_exceptions=*/false);
                if (series - (*block)->first >= figures.size()) continue;
                known.push_back({kind->labels, (*block)->labels, kind->figures, kind->id, (*block)->first,
                                 std::vector<std::uint64_t>(figures.size())});
            }
            known.back().counters[series - known.back().first] = value;
        }
        meters_.emplace_back(last.module, Meter(last.module)).second.restore(last, known);
    }
    return {};
}

// Was it removed or replaced while we had it open?
bool Recording::was_replaced() const { return inode_of(file_) != inode_; }

void Recording::failed(const Error& error) {
    if (!std::exchange(works_, false)) return;
    words_.warn(error.what + "; the kernel keeps counting, and the data is written once this is resolved");
}

bool Recording::flush(const Moment& moment) {
    if (!started_) return false;
    auto done = write(moment);
    if (!done && is_damage(done.error())) {
        done = begin_anew(done.error());
        if (done) done = write(moment);
    }
    if (!done) {
        failed(done.error());
        store_.reset(); // reopen it the next time: the error may concern the open file
        return false;
    }
    if (!works_) words_.note("the history is being written again");
    works_ = true;
    return true;
}

Result<void> Recording::write(const Moment& moment) {
    if (store_ && was_replaced()) store_.reset();
    if (!store_)
        if (auto opened = open(); !opened) return opened;

    Batch batch;
    batch.kinds.assign(kinds_.begin() + static_cast<std::ptrdiff_t>(written_kinds_), kinds_.end());
    batch.blocks = new_blocks_;
    batch.now = seconds_of(moment.time);
    // Date the readings by the clock as it is now: it may have been set since.
    const auto clock = moment.time - moment.uptime;
    for (const auto& span : waiting_)
        batch.spans.push_back({seconds_of(span.from + clock), seconds_of(span.to + clock), span.seen, span.growth});
    for (const auto& [name, meter] : meters_)
        if (auto state = meter.state()) batch.readings.push_back(std::move(*state));
    if (auto written = store_->write(batch); !written) return written;
    blocks_ += new_blocks_.size();
    waiting_.clear();
    new_blocks_.clear();
    new_firsts_.clear();
    written_kinds_ = kinds_.size();
    written_series_ = next_series_;
    if (log_size() > limits_.max_size / 8) checkpoint();
    return forget_devices(batch.now);
}

// The labels may take about a fifth of the space.
Result<void> Recording::forget_devices(Seconds now) {
    constexpr std::uint64_t bytes_of_one = 400;
    const auto most = static_cast<std::size_t>(limits_.max_size / bytes_of_one);
    if (blocks_ <= most) return {};
    std::unordered_set<std::uint32_t> in_use;
    for (const auto& [name, meter] : meters_)
        meter.for_each_block([&](std::int64_t, std::uint32_t first, const std::string&) { in_use.insert(first); });
    if (auto done = store_->forget_blocks(most - most / 4, in_use, now); !done) return done;
    const auto left = store_->blocks();
    if (!left) return fail(left.error());
    blocks_ = static_cast<std::size_t>(*left);
    return {};
}

void Recording::checkpoint() {
    if (!store_) return;
    if (const auto done = store_->checkpoint(); !done) failed(done.error());
}

Result<void> Recording::save_to(const std::filesystem::path& file) {
    if (!store_) return fail("there is no history to save");
    return replace_with_copy(file, [&](const auto& making) { return store_->copy_to(making); });
}

std::uint64_t Recording::log_size() const {
    std::error_code none;
    const auto size = std::filesystem::file_size(file_.native() + "-wal", none);
    return none ? 0 : size;
}

std::uint64_t Recording::size() {
    if (!store_) return 0;
    const auto size = store_->size();
    return size ? *size : 0;
}

std::size_t Recording::devices() const {
    std::size_t count = 0;
    for (const auto& [name, meter] : meters_)
        meter.for_each_block([&](std::int64_t, std::uint32_t, const std::string&) { ++count; });
    return count;
}

} // namespace kmon::history
