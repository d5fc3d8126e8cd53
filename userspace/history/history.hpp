// SPDX-License-Identifier: GPL-2.0-only
// Reads the history: what was counted from one time to another, as a whole or slot by slot. Each reader sees the
// database as it was when it opened it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "history/database.hpp"
#include "history/row.hpp"
#include "history/slots.hpp"
#include "result.hpp"

namespace kmon::history {

// One set of label values, with its figures.
struct Subject {
    std::string module;
    std::vector<std::string> label_names;
    std::vector<std::string> labels;
    std::vector<std::string> figures; // a gauge as "=NAME"
    std::uint32_t first = 0;          // the series of the first figure; the others follow it

    // The label of that name; empty if it has none.
    const std::string& label(std::string_view name) const;
};

// The strings in a JSON array.
std::vector<std::string> words_in(std::string_view list);

struct Slot {
    Seconds start = 0;
    Seconds seconds = 0;
    Seconds seen = 0; // how many of these seconds were observed. The rest is a gap: only its sum is known.
};

class History {
public:
    // If no recorder has run here: ExitCode::not_running. within: a time limit from now on, because others are waiting.
    // What takes longer fails with ETIMEDOUT.
    static Result<History> open(const std::filesystem::path& file,
                                std::optional<std::chrono::milliseconds> within = {});

    // The subjects that have a label of that name; "": all.
    Result<std::vector<Subject>> subjects(std::string_view label = "");
    // The same one by one, because there may be a hundred thousand. module: "" means all. The labels are passed as the
    // database has them: see words_in().
    Result<void> for_each_subject(std::string_view module,
                                  const std::function<void(const Subject& subject, std::string_view labels)>& visit);
    // One more than the highest number of a series.
    Result<std::uint32_t> series_end();

    // The span of time that the history covers.
    struct Extent {
        Seconds from = 0;
        Seconds to = 0; // equal to `from`: the history is empty
    };
    Result<Extent> extent();

    // Rounds to whole slots of the finest tier that is kept for that time.
    Result<Extent> rounded(Extent wanted);

    // Calls visit for rows that together are what was counted in that time, in no order, from slots no longer than
    // those of `coarsest`. Pass a rounded extent, or what lies in a coarse slot at its ends is left out.
    Result<void> read(Extent extent, Tier coarsest,
                      const std::function<void(const Slot& slot, std::string_view growth)>& visit);

    // The first row that ends after that time, in the finest tier that is kept for it. Nothing: there is none.
    struct StoredRow {
        Slot slot;
        std::string growth;
    };
    Result<std::optional<StoredRow>> row_after(Seconds time);

private:
    explicit History(Database database) : database_(std::move(database)) {}

    Result<void> read_tier(Extent extent, unsigned tier,
                           const std::function<void(const Slot& slot, std::string_view growth)>& visit);
    Result<Seconds> edge(Seconds time, bool end);
    Result<void> in_time() const;

    using Clock = std::chrono::steady_clock;

    Database database_;
    std::optional<Clock::time_point> until_;
    std::array<Seconds, 4> kept_from_{};
};

// The file of the history: in memory if the recorder keeps it there, otherwise on disk.
std::filesystem::path history_file(const std::filesystem::path& run, const std::filesystem::path& var_lib);

} // namespace kmon::history
