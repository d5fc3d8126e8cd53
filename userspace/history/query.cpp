// SPDX-License-Identifier: GPL-2.0-only
#include "query.hpp"

#include <algorithm>
#include <map>

#include "modules/module_table.hpp"

namespace kmon::history {

namespace {

constexpr std::uint32_t nowhere = 0xffffffff;

// Where a series' numbers are added: column `cell % columns` of line `cell / columns`.
class Places {
public:
    void put(std::uint32_t series, std::uint32_t cell) {
        if (series >= cells_.size()) cells_.resize(series + 1, nowhere);
        cells_[series] = cell;
    }
    std::uint32_t of(std::uint32_t series) const { return series < cells_.size() ? cells_[series] : nowhere; }
    std::size_t size() const { return cells_.size(); }

private:
    std::vector<std::uint32_t> cells_;
};

class Asking {
public:
    Asking(History& history, const Question& question)
        : history_(history), question_(question), table_(*question.table.table), columns_(table_.columns.size()) {
        answer_.table = question.table;
        answer_.has.resize(columns_);
        answer_.total.resize(columns_);
    }

    Result<Answer> run() {
        const auto extent = history_.rounded(question_.extent);
        if (!extent) return fail(extent.error());
        answer_.extent = *extent;
        if (const auto added = add_up(); !added) return fail(added.error());
        if (const auto found = find_lines(); !found) return fail(found.error());
        choose();
        series_ = {};
        if (answer_.lines.size() > question_.most_lines) return fail(too_many());
        if (question_.by == By::all) return std::move(answer_);
        if (const auto cut = cut_time(); !cut) return fail(cut.error());
        return std::move(answer_);
    }

private:
    // Finds by how much each series grew in the whole time.
    Result<void> add_up() {
        const auto end = history_.series_end();
        if (!end) return fail(end.error());
        series_.resize(*end);
        return history_.read(answer_.extent, Tier::days, [&](const Slot& slot, std::string_view growth) {
            answer_.seen += slot.seen;
            (void)unpack(growth, [&](const Growth& one) {
                if (one.series < series_.size()) series_[one.series] += one.by;
            });
        });
    }

    static std::optional<std::uint32_t> series_of(const Subject& subject, const std::string& figure) {
        const auto found = std::ranges::find(subject.figures, figure);
        if (found == subject.figures.end()) return std::nullopt;
        return subject.first + static_cast<std::uint32_t>(found - subject.figures.begin());
    }

    // Did any of the table's figures grow? Also notes which figures exist.
    bool has_grown(const Subject& subject) {
        if (subject.label_names.empty() && !table_.whole.empty())
            if (const auto series = series_of(subject, table_.whole)) whole_.push_back(*series);
        if (subject.label_names != table_.labels) return false;
        bool any = false;
        for (std::size_t column = 0; column < columns_; ++column)
            if (const auto series = series_of(subject, table_.columns[column].figure)) {
                answer_.has[column] = true;
                any = any || grown(*series) > 0;
            }
        return any;
    }

    std::uint64_t grown(std::uint32_t series) const { return series < series_.size() ? series_[series] : 0; }

    // Finds those that counted something in this time. There may be a hundred thousand others.
    Result<void> find_lines() {
        const auto done = history_.for_each_subject(
            question_.table.module->name, [&](const Subject& subject, std::string_view labels) {
                if (!has_grown(subject)) return;
                const auto line = line_of(std::string(labels));
                for (std::size_t column = 0; column < columns_; ++column) {
                    const auto series = series_of(subject, table_.columns[column].figure);
                    if (!series) continue;
                    const auto place = static_cast<std::uint32_t>(line * columns_ + column);
                    places_.put(*series, place);
                    sums_[place] += grown(*series);
                }
            });
        if (!done) return done;
        if (!table_.rest.empty() && !whole_.empty()) {
            rest_ = line_of(Json{table_.rest}.dump());
            answer_.has[0] = true;
        }
        return {};
    }

    // The line for a set of labels, whichever version of the module recorded it.
    std::uint32_t line_of(std::string labels) {
        const auto [at, is_new] = known_.try_emplace(std::move(labels), static_cast<std::uint32_t>(lines_.size()));
        if (is_new) {
            lines_.push_back(&at->first);
            sums_.resize(lines_.size() * columns_);
        }
        return at->second;
    }

    std::vector<std::string> labels_of(std::size_t line) const { return words_in(*lines_[line]); }

    bool is_whole(std::uint32_t series) const { return std::ranges::find(whole_, series) != whole_.end(); }

    // Puts what no other line contains into the line of the rest.
    void settle() {
        if (!rest_) return;
        std::uint64_t whole = 0;
        for (const auto series : whole_)
            whole += grown(series);
        std::uint64_t others = 0;
        for (std::size_t line = 0; line < lines_.size(); ++line)
            if (line != *rest_) others += sums_[line * columns_];
        sums_[*rest_ * columns_] = whole - std::min(whole, others);
    }

    std::vector<std::uint64_t> values(const std::vector<std::uint64_t>& sums, std::size_t line) const {
        const auto begin = sums.begin() + static_cast<std::ptrdiff_t>(line * columns_);
        return {begin, begin + static_cast<std::ptrdiff_t>(columns_)};
    }

    static bool any(const std::vector<std::uint64_t>& values) {
        return std::ranges::any_of(values, [](auto value) { return value > 0; });
    }

    bool is_wanted(std::size_t line) const {
        if (!question_.wanted) return true;
        const auto labels = labels_of(line);
        return !labels.empty() && question_.wanted(labels.back());
    }

    // Decides which lines are shown, and in what order.
    void choose() {
        settle();
        for (std::size_t line = 0; line < lines_.size(); ++line) {
            auto of_line = values(sums_, line);
            if (!is_wanted(line) || !any(of_line)) continue;
            add_to(answer_.total, of_line);
            chosen_.push_back(line);
        }
        std::ranges::stable_sort(chosen_, [&](auto a, auto b) {
            const auto left = weight(table_, values(sums_, a));
            const auto right = weight(table_, values(sums_, b));
            return left != right ? left > right : *lines_[a] < *lines_[b];
        });
        counted_ = chosen_;
        if (chosen_.size() > question_.top) {
            answer_.left_out = chosen_.size() - question_.top;
            chosen_.resize(question_.top);
        }
        for (const auto line : chosen_)
            answer_.lines.push_back({labels_of(line), values(sums_, line)});
    }

    static void add_to(std::vector<std::uint64_t>& total, const std::vector<std::uint64_t>& more) {
        for (std::size_t i = 0; i < total.size(); ++i)
            total[i] += more[i];
    }

    Error too_many() const {
        return {"the answer may have more than " + std::to_string(question_.most_lines) + " lines", ExitCode::usage,
                "ask for a shorter time, longer periods, or fewer lines"};
    }

    Tier tier() const {
        switch (question_.by) {
        case By::interval: return Tier::finest;
        case By::five_minutes: return Tier::minutes;
        case By::hour: return Tier::hours;
        default: return Tier::days;
        }
    }

    History::Extent period_of(const Slot& slot) const {
        if (question_.by == By::interval) return {slot.start, slot.start + slot.seconds};
        if (question_.by == By::month) return {month_start(slot.start), month_end(slot.start)};
        return {slot_start(tier(), slot.start, 10), slot_end(tier(), slot.start, 10)};
    }

    // For one period: the columns of the shown lines, followed by one more line with the sum of the others.
    struct Sums {
        Seconds to = 0;
        Seconds seen = 0;
        std::uint64_t whole = 0;  // as in add()
        std::uint64_t others = 0; // the first column of all lines except that of the rest
        std::vector<std::uint64_t> values;
    };

    // Maps a series to its index in Sums::values.
    Places places_in_period() const {
        std::vector<std::uint32_t> row_of(lines_.size(), nowhere);
        for (const auto line : counted_)
            row_of[line] = static_cast<std::uint32_t>(chosen_.size());
        for (std::size_t i = 0; i < chosen_.size(); ++i)
            row_of[chosen_[i]] = static_cast<std::uint32_t>(i);
        Places places;
        for (std::uint32_t series = 0; series < places_.size(); ++series) {
            const auto place = places_.of(series);
            if (place == nowhere || row_of[place / columns_] == nowhere) continue;
            places.put(series, static_cast<std::uint32_t>(row_of[place / columns_] * columns_ + place % columns_));
        }
        return places;
    }

    void add(std::string_view growth, const Places& places, Sums& sums) const {
        auto* const values = sums.values.data();
        if (!rest_) {
            (void)unpack(growth, [&](const Growth& one) {
                if (const auto place = places.of(one.series); place != nowhere) values[place] += one.by;
            });
            return;
        }
        (void)unpack(growth, [&](const Growth& one) {
            if (const auto place = places.of(one.series); place != nowhere) values[place] += one.by;
            if (const auto place = places_.of(one.series); place != nowhere)
                sums.others += place % columns_ == 0 ? one.by : 0;
            else if (is_whole(one.series))
                sums.whole += one.by;
        });
    }

    // The same for one period.
    void settle(Sums& sums) const {
        if (!rest_ || std::ranges::find(counted_, *rest_) == counted_.end()) return;
        const auto row = static_cast<std::size_t>(std::ranges::find(chosen_, *rest_) - chosen_.begin());
        sums.values[row * columns_] += sums.whole - std::min(sums.whole, sums.others);
    }

    // Reads the time again, period by period. A year has many hours, so only what is shown is kept of each.
    Result<void> cut_time() {
        const auto places = places_in_period();
        std::map<Seconds, Sums> periods;
        History::Extent last; // cached, because calendar calculations are slow
        Sums* sums = nullptr;
        bool many = false;
        const auto done = history_.read(answer_.extent, tier(), [&](const Slot& slot, std::string_view growth) {
            if (many) return;
            if (slot.start < last.from || slot.start >= last.to) {
                last = period_of(slot);
                sums = &periods[last.from];
                sums->to = last.to;
                sums->values.resize((chosen_.size() + 1) * columns_);
                many = periods.size() * (chosen_.size() + 1) > question_.most_lines;
            }
            sums->seen += slot.seen;
            add(growth, places, *sums);
        });
        if (!done) return done;
        if (many) return fail(too_many());
        answer_.periods.reserve(periods.size());
        for (auto& [from, of_period] : periods) {
            settle(of_period);
            answer_.periods.push_back(period(from, of_period));
        }
        return {};
    }

    Period period(Seconds from, const Sums& sums) const {
        Period period = {std::max(from, answer_.extent.from), std::min(sums.to, answer_.extent.to), sums.seen, {}, {}};
        period.total.resize(columns_);
        for (std::size_t row = 0; row <= chosen_.size(); ++row) {
            auto of_line = values(sums.values, row);
            add_to(period.total, of_line);
            if (row < chosen_.size() && any(of_line)) period.lines.push_back({row, std::move(of_line)});
        }
        return period;
    }

    History& history_;
    const Question& question_;
    const HistoryTable& table_;
    std::size_t columns_;
    Answer answer_;
    std::vector<std::uint64_t> series_;          // by how much each grew
    std::map<std::string, std::uint32_t> known_; // lines by their labels
    std::vector<const std::string*> lines_;      // their labels
    std::vector<std::uint64_t> sums_;            // the columns of each
    Places places_;
    std::vector<std::uint32_t> whole_; // series
    std::optional<std::uint32_t> rest_;
    std::vector<std::size_t> chosen_;
    std::vector<std::size_t> counted_;
};

Json values_json(const HistoryTable& table, const Answer& answer, const std::vector<std::uint64_t>& values) {
    Json json = Json::object();
    for (std::size_t i = 0; i < values.size(); ++i)
        json[table.columns[i].name] = answer.has[i] ? Json(values[i]) : Json();
    return json;
}

} // namespace

std::vector<NamedTable> tables() {
    std::vector<NamedTable> all;
    for (const auto& module : modules())
        if (!module.history.name.empty()) all.push_back({&module, &module.history});
    return all;
}

std::optional<NamedTable> find_table(const std::string& name) {
    for (const auto& one : tables())
        if (one.table->name == name) return one;
    return std::nullopt;
}

std::uint64_t weight(const HistoryTable& table, const std::vector<std::uint64_t>& values) {
    std::uint64_t bytes = 0;
    bool any = false;
    for (std::size_t i = 0; i < values.size(); ++i)
        if (table.columns[i].bytes) {
            bytes += values[i];
            any = true;
        }
    return any ? bytes : values.empty() ? 0 : values.front();
}

Result<Answer> ask(History& history, const Question& question) { return Asking(history, question).run(); }

Json to_json(const Answer& answer, const std::function<std::string(const std::string& mac)>& name_of) {
    const auto& table = *answer.table.table;
    const auto line_json = [&](const std::vector<std::string>& labels, const std::vector<std::uint64_t>& values) {
        Json json = Json::object();
        for (std::size_t i = 0; i < std::min(labels.size(), table.labels.size()); ++i) {
            json[table.labels[i]] = labels[i];
            if (table.labels[i] != "mac") continue;
            const auto name = name_of(labels[i]);
            json["name"] = name.empty() ? Json() : Json(name);
        }
        json.update(values_json(table, answer, values));
        return json;
    };
    Json lines = Json::array();
    for (const auto& line : answer.lines)
        lines.push_back(line_json(line.labels, line.values));
    Json json = {{"table", table.name},
                 {"from", answer.extent.from},
                 {"to", answer.extent.to},
                 {"seen_seconds", answer.seen},
                 {"total", values_json(table, answer, answer.total)},
                 {"left_out", answer.left_out},
                 {"lines", std::move(lines)}};
    if (answer.periods.empty()) return json;
    Json periods = Json::array();
    for (const auto& period : answer.periods) {
        Json parts = Json::array();
        for (const auto& part : period.lines)
            parts.push_back(line_json(answer.lines[part.line].labels, part.values));
        periods.push_back({{"from", period.from},
                           {"to", period.to},
                           {"seen_seconds", period.seen},
                           {"total", values_json(table, answer, period.total)},
                           {"lines", std::move(parts)}});
    }
    json["periods"] = std::move(periods);
    return json;
}

} // namespace kmon::history
