// SPDX-License-Identifier: GPL-2.0-only
// Writes the history. One transaction adds what was counted since the last one, sums it up into coarser tiers, and
// deletes what is too old or too much. So if the power fails, the database is as it was after some transaction.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "history/database.hpp"
#include "history/row.hpp"
#include "history/slots.hpp"
#include "result.hpp"

namespace kmon::history {

struct Limits {
    Seconds interval = 10;                                                    // a slot of the finest tier
    std::array<Seconds, 4> keep = {86400, 30 * 86400, 730 * 86400, for_ever}; // for each tier
    std::uint64_t max_size = std::uint64_t{64} << 20U;                        // bytes
    bool durable = true; // false: for a file in memory, which no fsync can save from a power cut
};

// Figures with the same labels. See the schema.
struct Kind {
    std::int64_t id = 0;
    std::string module;
    std::string labels;
    std::string figures;
};

struct Block {
    std::uint32_t first = 0;
    std::int64_t kind = 0;
    std::string labels;
};

// The last counters of a module, from which differences are taken.
struct LastReading {
    std::string module;
    std::string boot;          // of the kernel
    std::int64_t instance = 0; // of the module: different after each load
    std::string scope;
    std::int64_t uptime = 0; // milliseconds since boot, including suspend
    Seconds time = 0;
    std::string counters; // packed, by series
};

// What was counted from one moment to another.
struct Span {
    Seconds from = 0;
    Seconds to = 0;
    bool seen = true; // false: readings are missing, so the distribution over the time is unknown
    std::string growth;
};

struct Batch {
    std::vector<Kind> kinds; // new ones
    std::vector<Block> blocks;
    std::vector<Span> spans;
    std::vector<LastReading> readings;
    Seconds now = 0;
};

class Store {
public:
    // Creates it if it does not exist. A damaged one is an error: see put_aside().
    static Result<Store> open(const std::filesystem::path& file, const Limits& limits);

    // What a new start needs to continue.
    Result<std::vector<LastReading>> readings();
    Result<std::vector<Kind>> kinds();
    Result<std::optional<Block>> block_of(std::uint32_t series);
    Result<std::optional<std::uint32_t>> find_block(std::int64_t kind, const std::string& labels);
    Result<std::uint32_t> next_series();
    Result<std::int64_t> blocks();

    // Writes everything or nothing.
    Result<void> write(const Batch& batch);

    // Forgets sets of labels until there are at most `most`: those that counted least, but none that is `in_use` or was
    // in the last days. Their counts stay in the rows, but belong to no labels.
    Result<void> forget_blocks(std::size_t most, const std::unordered_set<std::uint32_t>& in_use, Seconds now);

    // Merges the log into the database, so that the log starts again. Call it now and then.
    Result<void> checkpoint() { return database_.checkpoint(); }
    Result<void> copy_to(const std::filesystem::path& file) { return database_.copy_to(file); }

    // Bytes in use.
    Result<std::uint64_t> size();

private:
    struct TierState {
        Seconds rolled_up = 0;
        Seconds kept_from = 0;
        bool changed = false;
    };
    struct StoredRow {
        Seconds start = 0;
        Seconds seconds = 0;
        Seconds seen = 0;
        Row growth;
    };

    Store(Database database, const Limits& limits) : database_(std::move(database)), limits_(limits) {}

    Result<void> make_tables();
    Result<void> read_tiers();
    Result<void> prepare();

    Result<void> write_all(const Batch& batch);
    Result<void> place(const Span& span);
    Result<void> spread(const Span& span, const Row& growth, Tier tier, Seconds from);
    Result<void> add_to(Tier tier, Seconds time, Seconds seen, const Row& growth);
    Result<void> add_to_row(Tier tier, Seconds time, Seconds seen, const Row& growth);
    Result<void> roll_up(Seconds closed);
    Result<void> roll_up_to(Tier tier, Seconds limit);
    Result<void> forget_old(Seconds now);
    Result<std::int64_t> forget(Tier tier, Seconds before, std::int64_t most);
    Result<void> fit();
    Result<std::vector<std::uint64_t>> growth_of_each(Seconds recently);
    Result<void> delete_blocks(const std::vector<std::uint32_t>& firsts);

    TierState& state(Tier tier) { return states_[index_of(tier)]; }

    Database database_;
    Limits limits_;
    std::array<TierState, 4> states_;
    std::vector<Statement> containing_; // one per tier
    std::vector<Statement> put_;
    std::vector<Statement> first_from_;
    std::vector<Statement> between_;
    std::vector<Statement> delete_;
    std::vector<Statement> last_deleted_;
    std::optional<Statement> find_block_;
};

// Calls `copy` to make a new file, and replaces `file` by it atomically, once it is on the disk.
Result<void> replace_with_copy(const std::filesystem::path& file,
                               const std::function<Result<void>(const std::filesystem::path& making)>& copy);

// Moves the database and its log to `to`, replacing what was there.
Result<void> move_database(const std::filesystem::path& from, const std::filesystem::path& to);

void remove_database(const std::filesystem::path& file);

// Renames the database and its log to FILE.damaged, replacing an earlier one. Returns the new name.
Result<std::filesystem::path> put_aside(const std::filesystem::path& file);

} // namespace kmon::history
