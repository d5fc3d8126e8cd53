// SPDX-License-Identifier: GPL-2.0-only
// Turns counters into growth: remembers the last value of each counter, and says by how much it grew since.
//
// If a counter is lower than before, it started again. So did all counters of a module with another instance: it was
// reloaded, or the machine was rebooted. What a module had counted before it is read for the very first time is not
// recorded: the history begins there.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "history/row.hpp"
#include "history/store.hpp"
#include "metrics.hpp"
#include "result.hpp"

namespace kmon::history {

// Identifies the lifetime of a module's counters.
struct Instance {
    std::string boot;        // of the kernel
    std::int64_t module = 0; // different after each load
    // The counters are the kernel's own, and continue whatever happens to the module. A counter that shows up was
    // counting before, unless it appeared while the module showed the same set (`scope`).
    bool of_kernel = false;
    std::string scope;
};

// Assigns the numbers of series.
class Numbers {
public:
    virtual ~Numbers() = default;
    // The kind's number; created the first time.
    virtual Result<std::int64_t> kind(const std::string& module, const std::string& labels,
                                      const std::string& figures) = 0;
    // The first series of that set of labels. Nothing: there are too many new ones, and it can do without.
    virtual Result<std::optional<std::uint32_t>> block(std::int64_t kind, const std::string& labels,
                                                       std::uint32_t figures, bool needed) = 0;
};

// The counters of one module.
class Meter {
public:
    explicit Meter(std::string module) : module_(std::move(module)) {}

    // The state at the end of an earlier run of the recorder.
    struct Known {
        std::string label_names;
        std::string labels;
        std::string figures;
        std::int64_t kind = 0;
        std::uint32_t first = 0;
        std::vector<std::uint64_t> counters;
    };
    void restore(const LastReading& last, const std::vector<Known>& known);

    // The module is not loaded: when it is, it will count from zero.
    void absent(const std::string& boot);

    // The growth since the previous reading, sorted by series. interval: the seconds since then, for gauges; 0: unknown
    // or too long ago.
    Result<Row> take(const Instance& instance, const View& view, const std::vector<Family>& families, double interval,
                     Numbers& numbers);

    // When the module was last looked at, in milliseconds since that boot, and by the wall clock.
    void looked_at(const std::string& boot, std::int64_t uptime, Seconds time);
    std::optional<std::int64_t> last_uptime(const std::string& boot) const;
    std::optional<Seconds> last_time() const { return looked_ ? std::optional(looked_->time) : std::nullopt; }

    // What is needed to continue after a restart; nothing if it was never read.
    std::optional<LastReading> state() const;

    // Calls visit for each known set of labels, to write them into an empty database.
    void for_each_block(
        const std::function<void(std::int64_t kind, std::uint32_t first, const std::string& labels)>& visit) const;

private:
    struct Subject { // one set of label values
        std::uint32_t first = 0;
        bool numbered = false;
        std::uint32_t group = 0;
        std::uint32_t reading = 0; // the reading in which it was last seen
        bool is_new = true;
        std::vector<std::uint64_t> before;
        std::vector<std::uint64_t> now;
    };
    using Subjects = std::unordered_map<std::string, Subject>; // by group and labels

    struct Group { // of figures with the same labels
        std::string label_names;
        std::vector<std::string> figures; // "=NAME": a gauge
        std::string figure_names;         // as the database has them
        std::optional<std::int64_t> kind;
        // The subjects in the order of the last reading: most are in the same place again and need no lookup.
        std::vector<Subjects::value_type*> in_place{};
    };
    std::uint32_t group_of(const std::vector<std::string>& labels);
    static std::uint32_t figure_of(Group& group, const std::string& name);
    void collect(const View& view, const std::vector<Family>& families);
    Subject& find(std::uint32_t group, std::size_t place, const std::vector<std::string>& labels);
    void put(Subject& subject, std::uint32_t figure, std::uint64_t value);
    using Counts = std::vector<std::uint64_t>; // of the figures of a group
    // What was added to a rest since the last reading, and what was taken out of it.
    struct Moved {
        Counts in;
        Counts out;
    };
    Result<void> number_new(Numbers& numbers);
    void put_into_rests(const std::map<std::string, Counts>& refused);
    void forget_places();
    void put_in_order();
    std::map<std::string, Moved> take_vanished();
    void find_accepted(std::map<std::string, Moved>& moved, bool refused_before) const;
    void grow(Subject& subject, const Moved* moved, bool from_zero, bool baseline, double interval, Row& row) const;

    struct Looked {
        std::string boot;
        std::int64_t uptime = 0;
        Seconds time = 0;
    };

    std::string module_;
    std::optional<Looked> looked_;
    bool read_before_ = false;
    Instance last_;
    std::uint32_t reading_ = 0;
    bool refused_ = false;  // there were too many new ones in the last reading
    bool restored_ = false; // so `refused_` is not known
    std::vector<Group> groups_;
    Subjects subjects_;
    std::vector<Subjects::value_type*> in_order_; // by their series; empty: must be rebuilt
    std::string key_;                             // of the subject being looked up
};

} // namespace kmon::history
