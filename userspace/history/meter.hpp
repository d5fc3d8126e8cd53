// SPDX-License-Identifier: GPL-2.0-only
// From counters to what was counted: remembers each counter as it was last read, and says by how much it grew since.
//
// A counter that stands lower than before began anew. So did all of a module whose instance is another one: it was
// loaded again, or the kernel was started. What a module has counted when it is read for the very first time is not
// ours: history begins there.
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

// What tells one life of a module's counters from another.
struct Instance {
    std::string boot;        // of the kernel
    std::int64_t module = 0; // another one after each load
    // The counters are the kernel's own, and go on whatever becomes of the module. What shows up among them counted
    // before unless it came while the module showed the same (`scope`).
    bool of_kernel = false;
    std::string scope;
};

// Where the numbers of series come from: the database, and after it whoever asks.
class Numbers {
public:
    virtual ~Numbers() = default;
    // The kind's number; the first time it is one that is made.
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

    // As they were when an earlier run of the recorder ended. figures_of: of a kind.
    struct Known {
        std::string label_names;
        std::string labels;
        std::string figures;
        std::int64_t kind = 0;
        std::uint32_t first = 0;
        std::vector<std::uint64_t> counters;
    };
    void restore(const LastReading& last, const std::vector<Known>& known);

    // It was looked for and is not loaded: when it comes, it counts from zero.
    void absent(const std::string& boot);

    // What grew since the reading before, sorted by series. interval: the seconds since then, for gauges; 0: that is
    // not known, or too long ago.
    Result<Row> take(const Instance& instance, const View& view, const std::vector<Family>& families, double interval,
                     Numbers& numbers);

    // When it was last looked at, in milliseconds since that boot, and by the clock of the day.
    void looked_at(const std::string& boot, std::int64_t uptime, Seconds time);
    std::optional<std::int64_t> last_uptime(const std::string& boot) const;
    std::optional<Seconds> last_time() const { return looked_ ? std::optional(looked_->time) : std::nullopt; }

    // To go on from after a restart; nothing where it was never read.
    std::optional<LastReading> state() const;

    // Each series that it knows, to be written into a database that knows none.
    void for_each_block(
        const std::function<void(std::int64_t kind, std::uint32_t first, const std::string& labels)>& visit) const;

private:
    struct Subject { // one set of label values
        std::uint32_t first = 0;
        bool numbered = false;
        std::uint32_t group = 0;
        std::uint32_t reading = 0; // in which it was last seen
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
        // Who came in which place the last time: most come there again, and need not be looked for.
        std::vector<Subjects::value_type*> in_place{};
    };
    std::uint32_t group_of(const std::vector<std::string>& labels);
    static std::uint32_t figure_of(Group& group, const std::string& name);
    void collect(const View& view, const std::vector<Family>& families);
    Subject& find(std::uint32_t group, std::size_t place, const std::vector<std::string>& labels);
    void put(Subject& subject, std::uint32_t figure, std::uint64_t value);
    using Counts = std::vector<std::uint64_t>; // of the figures of a group
    // What went into a rest since the last reading, and what came out of it.
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
    bool refused_ = false;  // the last time, there were too many new ones
    bool restored_ = false; // whether so it was is not known
    std::vector<Group> groups_;
    Subjects subjects_;
    std::vector<Subjects::value_type*> in_order_; // by their series; empty: to be made anew
    std::string key_;                             // of the one that is looked for
};

} // namespace kmon::history
