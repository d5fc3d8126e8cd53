// SPDX-License-Identifier: GPL-2.0-only
#include "store.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include "escape.hpp"
#include "file.hpp"
#include "file_descriptor.hpp"
#include "history/schema.hpp"

namespace kmon::history {

namespace {

// A wrong clock may briefly make everything look too old. So old data is deleted in steps, but faster than it is added.
constexpr std::int64_t forgotten_at_once = 300;
// Deleted at once if space is short: about an hour of the finest tier.
constexpr std::int64_t given_up_at_once = 360;

std::string sql(const char* text, Tier tier) {
    std::string made = text;
    const std::string name = table_of[index_of(tier)];
    for (auto at = made.find('@'); at != std::string::npos; at = made.find('@'))
        made.replace(at, 1, name);
    return made;
}

Tier below(Tier tier) { return tiers[index_of(tier) - 1]; }

// The part from `begin` to `end` of what grew evenly over the span. The parts add up to the whole.
Row part_of(const Row& growth, const Span& span, Seconds begin, Seconds end) {
    const auto length = static_cast<std::uint64_t>(span.to - span.from);
    const auto until = [&](std::uint64_t whole, Seconds time) {
        const auto passed = static_cast<std::uint64_t>(time - span.from);
        return whole / length * passed + whole % length * passed / length;
    };
    Row part;
    for (const auto& [series, by] : growth)
        if (const auto share = until(by, end) - until(by, begin); share > 0) part.push_back({series, share});
    return part;
}

// The tier in which a span takes at most about sixty rows.
Tier tier_for(Seconds length, Seconds interval) {
    constexpr Seconds rows = 60;
    if (length <= rows * interval) return Tier::finest;
    if (length <= rows * 300) return Tier::minutes;
    return length <= rows * 3600 ? Tier::hours : Tier::days;
}

} // namespace

Result<Store> Store::open(const std::filesystem::path& file, const Limits& limits) {
    auto database = Database::open(file, Database::Mode::write);
    if (!database) return fail(database.error());
    Store store(std::move(*database), limits);
    if (auto made = store.make_tables(); !made) return fail(made.error());
    if (auto ready = store.prepare(); !ready) return fail(ready.error());
    if (auto read = store.read_tiers(); !read) return fail(read.error());
    return store;
}

Result<void> Store::make_tables() {
    if (auto set = database_.run(schema_settings); !set) return set;
    const auto tables = database_.number("SELECT count(*) FROM sqlite_schema");
    if (!tables) return fail(tables.error());
    if (auto set =
            database_.run("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; PRAGMA foreign_keys = OFF;");
        !set)
        return set;
    // Without this, the file of the log would never shrink.
    if (auto set = database_.run("PRAGMA journal_size_limit = " + std::to_string(limits_.max_size / 16)); !set)
        return set;
    // FULL: when a transaction ends, one fsync has brought it to the disk. There is one transaction a minute.
    if (auto set = database_.run(limits_.durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = OFF"); !set)
        return set;
    if (*tables == 0) {
        return database_.run("BEGIN IMMEDIATE; PRAGMA application_id = " + std::to_string(application_id) +
                             "; PRAGMA user_version = " + std::to_string(schema_version) + ";" + schema + "COMMIT;");
    }
    const auto whose = database_.number("PRAGMA application_id");
    if (!whose) return fail(whose.error());
    const auto version = database_.number("PRAGMA user_version");
    if (!version) return fail(version.error());
    if (*whose != application_id) return fail("it is a database of another program");
    if (*version != schema_version)
        return fail("it has version " + std::to_string(*version) + "; this kmon writes version " +
                        std::to_string(schema_version),
                    ExitCode::failed, "install the newer kmon again, or move the file away");
    // Find damage now, not during a write. 64 MB take half a second.
    auto check = database_.prepare("PRAGMA quick_check(1)");
    if (!check) return fail(check.error());
    const auto row = check->step();
    if (!row) return fail(row.error());
    if (*row && check->text(0) != "ok")
        return fail(system_error("the history is damaged: " + printable(check->text(0)), EUCLEAN));
    return {};
}

Result<void> Store::prepare() {
    const auto each = [&](std::vector<Statement>& statements, const char* text) -> Result<void> {
        for (const auto tier : tiers) {
            auto made = database_.prepare(sql(text, tier));
            if (!made) return fail(made.error());
            statements.push_back(std::move(*made));
        }
        return {};
    };
    using List = std::pair<std::vector<Statement>*, const char*>;
    for (const auto& [statements, text] : {
             List{&containing_,
                  "SELECT start, seconds, seen, growth FROM @ WHERE start <= ? ORDER BY start DESC LIMIT 1"},
             List{&put_, "REPLACE INTO @ VALUES (?, ?, ?, ?)"},
             List{&first_from_, "SELECT min(start) FROM @ WHERE start >= ?"},
             List{&between_,
                  "SELECT start, seconds, seen, growth FROM @ WHERE start >= ? AND start < ? ORDER BY start"},
             List{&last_deleted_, "SELECT max(start + seconds), count(*) FROM (SELECT start, seconds FROM @ "
                                  "WHERE start < ? ORDER BY start LIMIT ?)"},
             List{&delete_, "DELETE FROM @ WHERE start < ?"},
         })
        if (auto done = each(*statements, text); !done) return done;
    auto find = database_.prepare("SELECT first FROM block WHERE labels = ? AND kind = ?");
    if (!find) return fail(find.error());
    find_block_ = std::move(*find);
    return {};
}

Result<void> Store::read_tiers() {
    auto statement = database_.prepare("SELECT rolled_up, kept_from FROM tier WHERE name = ?");
    if (!statement) return fail(statement.error());
    for (const auto tier : tiers) {
        const auto row = statement->bind(std::string_view(table_of[index_of(tier)])).step();
        if (!row) return fail(row.error());
        if (!*row) return fail(system_error("the history is damaged: a tier is missing", EUCLEAN));
        state(tier) = {statement->number(0), statement->number(1), false};
    }
    statement->reset();
    return {};
}

// ---- what is read at the start

Result<std::vector<LastReading>> Store::readings() {
    auto statement =
        database_.prepare("SELECT module, boot, instance, scope, uptime, time, counters FROM reading ORDER BY module");
    if (!statement) return fail(statement.error());
    std::vector<LastReading> readings;
    for (;;) {
        const auto row = statement->step();
        if (!row) return fail(row.error());
        if (!*row) return readings;
        readings.push_back({std::string(statement->text(0)), std::string(statement->text(1)), statement->number(2),
                            std::string(statement->text(3)), statement->number(4), statement->number(5),
                            std::string(statement->text(6))});
    }
}

Result<std::vector<Kind>> Store::kinds() {
    auto statement = database_.prepare("SELECT id, module, labels, figures FROM kind ORDER BY id");
    if (!statement) return fail(statement.error());
    std::vector<Kind> kinds;
    for (;;) {
        const auto row = statement->step();
        if (!row) return fail(row.error());
        if (!*row) return kinds;
        kinds.push_back({statement->number(0), std::string(statement->text(1)), std::string(statement->text(2)),
                         std::string(statement->text(3))});
    }
}

Result<std::optional<Block>> Store::block_of(std::uint32_t series) {
    auto statement =
        database_.prepare("SELECT first, kind, labels FROM block WHERE first <= ? ORDER BY first DESC LIMIT 1");
    if (!statement) return fail(statement.error());
    const auto row = statement->bind(std::int64_t{series}).step();
    if (!row) return fail(row.error());
    if (!*row) return std::nullopt;
    return Block{static_cast<std::uint32_t>(statement->number(0)), statement->number(1),
                 std::string(statement->text(2))};
}

Result<std::optional<std::uint32_t>> Store::find_block(std::int64_t kind, const std::string& labels) {
    const auto row = find_block_->bind(std::string_view(labels), kind).step();
    if (!row) return fail(row.error());
    if (!*row) return std::nullopt;
    const auto first = static_cast<std::uint32_t>(find_block_->number(0));
    find_block_->reset();
    return first;
}

Result<std::uint32_t> Store::next_series() {
    // After the last block, which has as many series as its kind has figures.
    const auto next = database_.number("SELECT coalesce((SELECT first + json_array_length(figures) FROM block "
                                       "JOIN kind ON kind = id ORDER BY first DESC LIMIT 1), 0)");
    if (!next) return fail(next.error());
    return static_cast<std::uint32_t>(*next);
}

Result<std::int64_t> Store::blocks() { return database_.number("SELECT count(*) FROM block"); }

Result<std::uint64_t> Store::size() {
    const auto pages = database_.number("PRAGMA page_count");
    if (!pages) return fail(pages.error());
    const auto empty = database_.number("PRAGMA freelist_count");
    if (!empty) return fail(empty.error());
    const auto bytes = database_.number("PRAGMA page_size");
    if (!bytes) return fail(bytes.error());
    return static_cast<std::uint64_t>((*pages - *empty) * *bytes);
}

// ---- a transaction

Result<void> Store::write(const Batch& batch) {
    const auto before = states_;
    if (auto begun = database_.run("BEGIN IMMEDIATE"); !begun) return begun;
    auto done = write_all(batch);
    if (done) done = database_.run("COMMIT");
    if (done) {
        for (auto& tier : states_)
            tier.changed = false;
        // The cached pages are not needed until the next minute.
        (void)database_.run("PRAGMA shrink_memory");
        return {};
    }
    // After some errors SQLite has already rolled back by itself.
    (void)database_.run("ROLLBACK");
    states_ = before;
    return done;
}

Result<void> Store::write_all(const Batch& batch) {
    auto kind = database_.prepare("INSERT INTO kind VALUES (?, ?, ?, ?)");
    if (!kind) return fail(kind.error());
    for (const auto& [id, module, labels, figures] : batch.kinds)
        if (auto done =
                kind->bind(id, std::string_view(module), std::string_view(labels), std::string_view(figures)).run();
            !done)
            return done;
    auto block = database_.prepare("INSERT INTO block VALUES (?, ?, ?)");
    if (!block) return fail(block.error());
    for (const auto& [first, of, labels] : batch.blocks)
        if (auto done = block->bind(std::int64_t{first}, of, std::string_view(labels)).run(); !done) return done;

    Seconds closed = 0;
    for (const auto& span : batch.spans) {
        if (auto done = place(span); !done) return done;
        closed = std::max(closed, slot_start(Tier::finest, span.to + limits_.interval / 2, limits_.interval));
    }
    auto reading = database_.prepare("REPLACE INTO reading VALUES (?, ?, ?, ?, ?, ?, ?)");
    if (!reading) return fail(reading.error());
    for (const auto& last : batch.readings)
        if (auto done = reading
                            ->bind(std::string_view(last.module), std::string_view(last.boot), last.instance,
                                   std::string_view(last.scope), last.uptime, last.time, Statement::blob(last.counters))
                            .run();
            !done)
            return done;

    if (auto done = roll_up(closed); !done) return done;
    if (auto done = forget_old(batch.now); !done) return done;
    if (auto done = fit(); !done) return done;

    auto tier_row = database_.prepare("REPLACE INTO tier VALUES (?, ?, ?)");
    if (!tier_row) return fail(tier_row.error());
    for (const auto tier : tiers)
        if (const auto& now = state(tier); now.changed)
            if (auto done =
                    tier_row->bind(std::string_view(table_of[index_of(tier)]), now.rolled_up, now.kept_from).run();
                !done)
                return done;
    return {};
}

Result<void> Store::place(const Span& span) {
    Row growth;
    if (!unpack(span.growth, growth)) return fail("a row of the history is not a packed row");
    const auto length = span.to - span.from;
    if (span.seen && length <= limits_.interval + limits_.interval / 2) {
        // Readings are a little late, by varying amounts.
        const auto slot = slot_start(Tier::finest, span.from + limits_.interval / 2, limits_.interval);
        return add_to(Tier::finest, slot, std::min(length, limits_.interval), growth);
    }
    if (length <= 0) return add_to(Tier::finest, span.to, 0, growth);
    return spread(span, growth, tier_for(length, limits_.interval), span.from);
}

// Spreads the rest of the span, after `from`: over whole slots of the tier, and what is left, in an incomplete slot,
// over the tier below.
Result<void> Store::spread(const Span& span, const Row& growth, Tier tier, Seconds from) {
    const auto whole = tier == Tier::finest ? span.to : slot_start(tier, span.to, limits_.interval);
    while (from < whole) {
        const auto end = std::min(slot_end(tier, from, limits_.interval), whole);
        if (auto done = add_to(tier, from, 0, part_of(growth, span, from, end)); !done) return done;
        from = end;
    }
    if (from == span.to) return {};
    return spread(span, growth, below(tier), from);
}

// Adds it to that tier, and to the coarser ones that already include that time.
Result<void> Store::add_to(Tier tier, Seconds time, Seconds seen, const Row& growth) {
    if (growth.empty() && seen == 0) return {};
    for (auto i = index_of(tier); i < tiers.size(); ++i)
        if (i == index_of(tier) || time < state(tiers[i]).rolled_up)
            if (auto done = add_to_row(tiers[i], time, seen, growth); !done) return done;
    return {};
}

Result<void> Store::add_to_row(Tier tier, Seconds time, Seconds seen, const Row& growth) {
    auto& find = containing_[index_of(tier)];
    StoredRow row{.start = slot_start(tier, time, limits_.interval), .growth = {}};
    row.seconds = slot_end(tier, time, limits_.interval) - row.start;
    const auto found = find.bind(time).step();
    if (!found) return fail(found.error());
    if (*found) {
        const auto end = find.number(0) + find.number(1);
        if (time < end) {
            row = {find.number(0), find.number(1), find.number(2), {}};
            if (!unpack(find.text(3), row.growth))
                return fail(system_error("the history is damaged: a row cannot be read", EUCLEAN));
        } else if (row.start < end) { // the time zone changed
            row.seconds -= end - row.start;
            row.start = end;
        }
    }
    find.reset();
    row.seen = std::min(row.seen + seen, row.seconds);
    add(row.growth, growth);
    const auto packed = pack(row.growth);
    return put_[index_of(tier)].bind(row.start, row.seconds, row.seen, Statement::blob(packed)).run();
}

// ---- coarser tiers

Result<void> Store::roll_up(Seconds closed) {
    auto limit = closed;
    for (const auto tier : {Tier::minutes, Tier::hours, Tier::days}) {
        if (auto done = roll_up_to(tier, limit); !done) return done;
        limit = state(tier).rolled_up;
    }
    return {};
}

Result<void> Store::roll_up_to(Tier tier, Seconds limit) {
    auto& now = state(tier);
    const auto source = index_of(below(tier));
    while (now.rolled_up < limit) {
        const auto found = first_from_[source].bind(now.rolled_up).step();
        if (!found) return fail(found.error());
        const bool any = *found && first_from_[source].number(0) > 0;
        const auto first = any ? std::min(first_from_[source].number(0), limit) : limit;
        first_from_[source].reset();
        // Skip a gap.
        const auto start = std::max(now.rolled_up, slot_start(tier, first, limits_.interval));
        const auto end = slot_end(tier, start, limits_.interval);
        const bool whole = end <= limit;
        if (start != now.rolled_up || whole) now.changed = true;
        now.rolled_up = start;
        if (!whole) return {};

        Row sum;
        Row one;
        Seconds seen = 0;
        auto& rows = between_[source].bind(start, end);
        for (;;) {
            const auto row = rows.step();
            if (!row) return fail(row.error());
            if (!*row) break;
            if (!unpack(rows.text(3), one))
                return fail(system_error("the history is damaged: a row cannot be read", EUCLEAN));
            add(sum, one);
            seen += rows.number(2);
        }
        if (auto done = add_to_row(tier, start, seen, sum); !done) return done;
        now.rolled_up = end;
    }
    return {};
}

// ---- deleting

// Returns the number of deleted rows.
Result<std::int64_t> Store::forget(Tier tier, Seconds before, std::int64_t most) {
    auto& last = last_deleted_[index_of(tier)];
    const auto row = last.bind(before, most).step();
    if (!row) return fail(row.error());
    const auto end = last.number(0);
    const auto rows = last.number(1);
    last.reset();
    if (rows == 0) return 0;
    if (auto done = delete_[index_of(tier)].bind(end).run(); !done) return fail(done.error());
    state(tier).kept_from = end;
    state(tier).changed = true;
    return rows;
}

Result<void> Store::forget_old(Seconds now) {
    for (const auto tier : tiers) {
        const auto keep = limits_.keep[index_of(tier)];
        if (keep == for_ever) continue;
        auto before = now - keep;
        if (tier != Tier::days) before = std::min(before, state(tiers[index_of(tier) + 1]).rolled_up);
        if (const auto done = forget(tier, before, forgotten_at_once); !done) return fail(done.error());
    }
    return {};
}

// The oldest of the finest tier first.
Result<void> Store::fit() {
    for (std::size_t i = 0; i < tiers.size();) {
        const auto used = size();
        if (!used) return fail(used.error());
        if (*used <= limits_.max_size) break;
        const auto before = tiers[i] == Tier::days ? for_ever : state(tiers[i + 1]).rolled_up;
        const auto gone = forget(tiers[i], before, tiers[i] == Tier::days ? 1 : given_up_at_once);
        if (!gone) return fail(gone.error());
        if (*gone == 0) ++i;
    }
    const auto empty = database_.number("PRAGMA freelist_count");
    if (!empty) return fail(empty.error());
    const auto pages = database_.number("PRAGMA page_count");
    if (!pages) return fail(pages.error());
    const auto bytes = database_.number("PRAGMA page_size");
    if (!bytes) return fail(bytes.error());
    const auto allowed = static_cast<std::int64_t>(limits_.max_size) / *bytes;
    if (*pages <= allowed || *empty == 0) return {};
    return database_.run("PRAGMA incremental_vacuum(" + std::to_string(std::min(*empty, *pages - allowed)) + ")");
}

// The total growth of each series. A series that grew recently counts as the largest.
Result<std::vector<std::uint64_t>> Store::growth_of_each(Seconds recently) {
    std::vector<std::uint64_t> sums;
    for (const auto tier : tiers) {
        // Use the finer tiers only for time that the days do not include yet, and for recent time.
        const auto from = tier == Tier::days ? 0 : std::min(recently, state(Tier::days).rolled_up);
        auto& rows = between_[index_of(tier)].bind(from, for_ever);
        for (;;) {
            const auto row = rows.step();
            if (!row) return fail(row.error());
            if (!*row) break;
            const bool of_late = rows.number(0) + rows.number(1) > recently;
            (void)unpack(rows.text(3), [&](const Growth& growth) {
                if (growth.series >= sums.size()) sums.resize(growth.series + 1);
                auto& sum = sums[growth.series];
                const auto more = of_late ? UINT64_MAX : growth.by;
                sum = more > UINT64_MAX - sum ? UINT64_MAX : sum + more;
            });
        }
    }
    return sums;
}

Result<void> Store::delete_blocks(const std::vector<std::uint32_t>& firsts) {
    auto statement = database_.prepare("DELETE FROM block WHERE first = ?");
    if (!statement) return fail(statement.error());
    if (auto begun = database_.run("BEGIN IMMEDIATE"); !begun) return begun;
    Result<void> done;
    for (const auto first : firsts)
        if (done) done = statement->bind(std::int64_t{first}).run();
    if (done) done = database_.run("COMMIT");
    if (!done) (void)database_.run("ROLLBACK");
    return done;
}

Result<void> Store::forget_blocks(std::size_t most, const std::unordered_set<std::uint32_t>& in_use, Seconds now) {
    constexpr Seconds late = 2 * 86400;
    const auto sums = growth_of_each(now - late);
    if (!sums) return fail(sums.error());
    auto statement =
        database_.prepare("SELECT first, json_array_length(figures) FROM block JOIN kind ON kind.id = kind");
    if (!statement) return fail(statement.error());
    std::vector<std::pair<std::uint64_t, std::uint32_t>> all; // its growth, and its number
    for (;;) {
        const auto row = statement->step();
        if (!row) return fail(row.error());
        if (!*row) break;
        const auto first = static_cast<std::uint32_t>(statement->number(0));
        std::uint64_t sum = in_use.contains(first) ? UINT64_MAX : 0;
        for (std::int64_t i = 0; i < statement->number(1); ++i) {
            const auto series = first + static_cast<std::size_t>(i);
            sum = std::max(sum, series < sums->size() ? (*sums)[series] : 0);
        }
        all.emplace_back(sum, first);
    }
    if (all.size() <= most) return {};
    // Keep the last block: new numbers continue after it.
    std::ranges::max_element(all, {}, &std::pair<std::uint64_t, std::uint32_t>::second)->first = UINT64_MAX;
    const auto going = static_cast<std::ptrdiff_t>(all.size() - most);
    std::nth_element(all.begin(), all.begin() + going, all.end());
    std::vector<std::uint32_t> firsts;
    for (auto one = all.begin(); one != all.begin() + going; ++one)
        if (one->first != UINT64_MAX) firsts.push_back(one->second);
    return delete_blocks(firsts);
}

Result<void> replace_with_copy(const std::filesystem::path& file,
                               const std::function<Result<void>(const std::filesystem::path& making)>& copy) {
    auto making = file;
    making += ".new";
    std::error_code error;
    std::filesystem::remove(making, error);
    if (auto copied = copy(making); !copied) {
        std::filesystem::remove(making, error);
        return copied;
    }
    const auto sync = [](const std::filesystem::path& path) {
        const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        return fd && ::fsync(fd.get()) == 0;
    };
    if (!sync(making)) return fail(system_error("cannot write " + printable(making.native()), errno));
    // A log that belongs to the old database must not be applied to the new one.
    for (const auto* part : {"-wal", "-shm"})
        std::filesystem::remove(file.native() + part, error);
    std::filesystem::rename(making, file, error);
    if (error) return fail(system_error("cannot write " + printable(file.native()), error.value()));
    if (!sync(file.parent_path())) return fail(system_error("cannot write " + printable(file.native()), errno));
    return {};
}

Result<void> move_database(const std::filesystem::path& from, const std::filesystem::path& to) {
    {
        auto database = Database::open(from, Database::Mode::read);
        if (!database) return fail(database.error());
        if (auto done = replace_with_copy(to, [&](const auto& making) { return database->copy_to(making); }); !done)
            return done;
    }
    remove_database(from);
    return {};
}

void remove_database(const std::filesystem::path& file) {
    std::error_code ignored;
    for (const auto* part : {"", "-wal", "-shm"})
        std::filesystem::remove(file.native() + part, ignored);
}

Result<std::filesystem::path> put_aside(const std::filesystem::path& file) {
    std::filesystem::path aside = file;
    aside += ".damaged";
    for (const auto* part : {"-wal", "-shm", ""}) {
        auto from = file;
        auto to = aside;
        from += part;
        to += part;
        std::error_code error;
        std::filesystem::remove(to, error);
        std::filesystem::rename(from, to, error);
        if (error && (*part == '\0' || error != std::errc::no_such_file_or_directory))
            return fail(system_error("cannot rename " + printable(from.native()), error.value()));
    }
    return aside;
}

} // namespace kmon::history
