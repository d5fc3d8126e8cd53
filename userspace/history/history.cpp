// SPDX-License-Identifier: GPL-2.0-only
#include "history.hpp"

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>

#include "escape.hpp"
#include "file.hpp"
#include "history/schema.hpp"

namespace kmon::history {

namespace {

std::string from(const char* what, unsigned tier, const char* rest) {
    return std::string("SELECT ") + what + " FROM " + table_of[tier] + " " + rest;
}

} // namespace

std::vector<std::string> words_in(std::string_view list) {
    const auto json = nlohmann::json::parse(list, nullptr, /*allow_exceptions=*/false);
    std::vector<std::string> words;
    for (const auto& word : json)
        if (word.is_string()) words.push_back(word.get<std::string>());
    return words;
}

const std::string& Subject::label(std::string_view name) const {
    static const std::string none;
    const auto known = std::ranges::find(label_names, name);
    const auto at = static_cast<std::size_t>(known - label_names.begin());
    return at < labels.size() ? labels[at] : none;
}

Result<History> History::open(const std::filesystem::path& file, std::optional<std::chrono::milliseconds> within) {
    const auto begun_at = Clock::now();
    std::error_code error;
    if (!std::filesystem::exists(file, error)) {
        if (error && error != std::errc::no_such_file_or_directory)
            return fail(system_error("cannot read " + printable(file.native()), error.value()));
        return fail("there is no history: kmon-recorder has not run", ExitCode::not_running,
                    "systemctl enable --now kmon-recorder");
    }
    auto database = Database::open(file, Database::Mode::read, within.value_or(Database::usual_patience));
    if (!database) return fail(database.error());
    const auto whose = database->number("PRAGMA application_id");
    if (!whose) return fail(whose.error());
    const auto version = database->number("PRAGMA user_version");
    if (!version) return fail(version.error());
    if (*whose != application_id || *version != schema_version)
        return fail(printable(file.native()) + " is not a history that this kmon can read");
    History history(std::move(*database));
    if (within) history.until_ = begun_at + *within;
    if (auto begun = history.database_.run("BEGIN"); !begun) return fail(begun.error());
    for (const auto tier : tiers) {
        const std::string name = table_of[index_of(tier)];
        const auto kept = history.database_.number("SELECT kept_from FROM tier WHERE name = '" + name + "'");
        if (!kept) return fail(kept.error());
        history.kept_from_[index_of(tier)] = *kept;
    }
    return history;
}

Result<std::vector<Subject>> History::subjects(std::string_view label) {
    std::vector<Subject> subjects;
    const auto done = for_each_subject("", [&](const Subject& subject, std::string_view labels) {
        const auto& names = subject.label_names;
        if (!label.empty() && std::ranges::find(names, label) == names.end()) return;
        subjects.push_back(subject);
        subjects.back().labels = words_in(labels);
    });
    if (!done) return fail(done.error());
    return subjects;
}

Result<void>
History::for_each_subject(std::string_view module,
                          const std::function<void(const Subject& subject, std::string_view labels)>& visit) {
    auto statement = database_.prepare("SELECT module, kind.labels, figures, block.labels, first "
                                       "FROM block JOIN kind ON kind.id = kind WHERE ? IN (module, '') "
                                       "ORDER BY kind.id, first");
    if (!statement) return fail(statement.error());
    statement->bind(module);
    Subject subject; // many blocks are of one kind
    std::string names;
    std::string figures;
    for (;;) {
        const auto row = statement->step();
        if (!row) return fail(row.error());
        if (!*row) return {};
        if (const auto late = in_time(); !late) return late;
        if (statement->text(1) != names || statement->text(2) != figures || statement->text(0) != subject.module) {
            names = statement->text(1);
            figures = statement->text(2);
            subject = {std::string(statement->text(0)), words_in(names), {}, words_in(figures), 0};
        }
        subject.first = static_cast<std::uint32_t>(statement->number(4));
        visit(subject, statement->text(3));
    }
}

Result<std::uint32_t> History::series_end() {
    const auto end = database_.number("SELECT coalesce((SELECT first + json_array_length(figures) FROM block "
                                      "JOIN kind ON kind.id = kind ORDER BY first DESC LIMIT 1), 0)");
    if (!end) return fail(end.error());
    return static_cast<std::uint32_t>(*end);
}

Result<void> History::in_time() const {
    if (!until_ || Clock::now() <= *until_) return {};
    return fail(Error{"the answer takes too long", ExitCode::failed, "ask for a shorter time, or for longer periods",
                      ETIMEDOUT});
}

Result<History::Extent> History::extent() {
    Extent extent;
    for (unsigned tier = 0; tier < tiers.size(); ++tier) {
        const auto first = database_.number(from("coalesce(min(start), 0)", tier, ""));
        if (!first) return fail(first.error());
        const auto last = database_.number(from("start + seconds", tier, "ORDER BY start DESC LIMIT 1"));
        if (!last) return fail(last.error());
        if (*last == 0) continue;
        extent.from = extent.to == 0 ? *first : std::min(extent.from, *first);
        extent.to = std::max(extent.to, *last);
    }
    return extent;
}

// The start (or end) of the slot that contains the time, in the finest tier that is kept for it.
Result<Seconds> History::edge(Seconds time, bool end) {
    for (unsigned tier = 0; tier < tiers.size(); ++tier) {
        if (kept_from_[tier] > time) continue;
        auto row =
            database_.prepare(from("start, start + seconds", tier, "WHERE start < ? ORDER BY start DESC LIMIT 1"));
        if (!row) return fail(row.error());
        const auto found = row->bind(time).step();
        if (!found) return fail(found.error());
        if (*found && row->number(1) > time) return row->number(end ? 1 : 0);
        return time;
    }
    return time;
}

Result<History::Extent> History::rounded(Extent wanted) {
    const auto begin = edge(wanted.from, false);
    if (!begin) return fail(begin.error());
    const auto end = edge(wanted.to, true);
    if (!end) return fail(end.error());
    return Extent{*begin, *end};
}

Result<void> History::read(Extent extent, Tier coarsest,
                           const std::function<void(const Slot& slot, std::string_view growth)>& visit) {
    return read_tier(extent, index_of(coarsest), visit);
}

// Reads the whole slots of that tier, and the rest before and after them from the tier below.
Result<void> History::read_tier(Extent extent, unsigned tier,
                                const std::function<void(const Slot& slot, std::string_view growth)>& visit) {
    if (extent.from >= extent.to) return {};
    Extent whole = {extent.to, extent.from}; // none
    {
        auto rows = database_.prepare(from("start, seconds, seen, growth", tier,
                                           "WHERE start >= ? AND start < ? AND start + seconds <= ? ORDER BY start"));
        if (!rows) return fail(rows.error());
        // A slot of the finest tier belongs to the span in which it begins.
        const auto end = tier == 0 ? for_ever : extent.to;
        rows->bind(extent.from, extent.to, end);
        for (;;) {
            const auto row = rows->step();
            if (!row) return fail(row.error());
            if (!*row) break;
            if (auto late = in_time(); !late) return late;
            const Slot slot = {rows->number(0), rows->number(1), rows->number(2)};
            whole.from = std::min(whole.from, slot.start);
            whole.to = std::max(whole.to, slot.start + slot.seconds);
            visit(slot, rows->text(3));
        }
    }
    if (tier == 0) return {};
    if (whole.from >= whole.to) return read_tier(extent, tier - 1, visit);
    if (auto done = read_tier({extent.from, whole.from}, tier - 1, visit); !done) return done;
    return read_tier({whole.to, extent.to}, tier - 1, visit);
}

Result<std::optional<History::StoredRow>> History::row_after(Seconds time) {
    for (unsigned tier = 0; tier < tiers.size(); ++tier) {
        if (kept_from_[tier] > time) continue;
        auto row = database_.prepare(from("start, seconds, seen, growth", tier,
                                          "WHERE start > ? AND start + seconds > ? ORDER BY start LIMIT 1"));
        if (!row) return fail(row.error());
        constexpr Seconds longest = 25 * 3600; // a slot
        const auto found = row->bind(time - longest, time).step();
        if (!found) return fail(found.error());
        if (*found) return StoredRow{{row->number(0), row->number(1), row->number(2)}, std::string(row->text(3))};
    }
    return std::optional<StoredRow>();
}

std::filesystem::path history_file(const std::filesystem::path& run, const std::filesystem::path& var_lib) {
    auto in_memory = run / "kmon-recorder" / "history.db";
    std::error_code ignored;
    return std::filesystem::exists(in_memory, ignored) ? in_memory : var_lib / "kmon" / "history.db";
}

} // namespace kmon::history
