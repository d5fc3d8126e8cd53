// SPDX-License-Identifier: GPL-2.0-only
#include "meter.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "escape.hpp"

namespace kmon::history {

namespace {

std::string json_list(const std::vector<std::string>& words) {
    std::string list = "[";
    for (const auto& word : words)
        list += (list.size() > 1 ? "," : "") + json_string(word);
    return list + "]";
}

// The labels without the last one, if the last one means "all others".
std::optional<std::string_view> siblings_of_rest(std::string_view labels) {
    static const std::string rest = json_string(the_others) + "]";
    if (!labels.ends_with(rest)) return std::nullopt;
    return labels.substr(0, labels.size() - rest.size());
}

std::string_view siblings_of(std::string_view labels) {
    const auto comma = labels.rfind(',');
    return comma == std::string_view::npos ? labels.substr(0, 1) : labels.substr(0, comma + 1);
}

bool is_gauge(const std::string& figure) { return figure.starts_with('='); }

void add_to(std::vector<std::uint64_t>& sum, const std::vector<std::uint64_t>& more) {
    sum.resize(std::max(sum.size(), more.size()));
    for (std::size_t i = 0; i < more.size(); ++i)
        sum[i] += more[i];
}

std::uint64_t at(const std::vector<std::uint64_t>& counts, std::size_t i) { return i < counts.size() ? counts[i] : 0; }

std::string key_of(std::uint32_t group, const std::string& labels) { return std::to_string(group) + labels; }

std::string_view labels_in(std::string_view key) { return key.substr(key.find('[')); }

} // namespace

std::uint32_t Meter::group_of(const std::vector<std::string>& labels) {
    const auto names = json_list(labels);
    const auto known = std::ranges::find(groups_, names, &Group::label_names);
    if (known != groups_.end()) return static_cast<std::uint32_t>(known - groups_.begin());
    groups_.push_back({names, {}, {}, {}});
    return static_cast<std::uint32_t>(groups_.size() - 1);
}

std::uint32_t Meter::figure_of(Group& group, const std::string& name) {
    const auto known = std::ranges::find(group.figures, name);
    if (known != group.figures.end()) return static_cast<std::uint32_t>(known - group.figures.begin());
    group.figures.push_back(name);
    group.kind.reset(); // with another figure it is another kind
    return static_cast<std::uint32_t>(group.figures.size() - 1);
}

// There may be tens of thousands, most of them known: for those, nothing is allocated.
Meter::Subject& Meter::find(std::uint32_t group, std::size_t place, const std::vector<std::string>& labels) {
    key_ = std::to_string(group);
    key_ += '[';
    for (const auto& label : labels) {
        if (key_.back() != '[') key_ += ',';
        append_json_string(key_, label);
    }
    key_ += ']';
    auto& in_place = groups_[group].in_place;
    if (place < in_place.size() && in_place[place]->first == key_) return in_place[place]->second;
    auto known = subjects_.find(key_);
    if (known == subjects_.end()) {
        known = subjects_.emplace(key_, Subject()).first;
        in_order_.clear();
    }
    if (place < in_place.size())
        in_place[place] = &*known;
    else if (place == in_place.size())
        in_place.push_back(&*known);
    known->second.group = group;
    return known->second;
}

void Meter::put(Subject& subject, std::uint32_t figure, std::uint64_t value) {
    if (subject.reading != reading_) std::ranges::fill(subject.now, 0);
    if (subject.now.size() <= figure) subject.now.resize(figure + 1);
    subject.now[figure] = value;
    subject.reading = reading_;
}

// Call it when a subject has disappeared.
void Meter::forget_places() {
    in_order_.clear();
    for (auto& group : groups_)
        group.in_place.clear();
}

void Meter::put_in_order() {
    if (!in_order_.empty()) return;
    in_order_.reserve(subjects_.size());
    for (auto& one : subjects_)
        in_order_.push_back(&one);
    std::ranges::sort(in_order_, {}, [](const auto* one) { return one->second.first; });
}

void Meter::collect(const View& view, const std::vector<Family>& families) {
    for (const auto& family : families) {
        if (!family.recorded || family.kind == Family::Kind::info) continue;
        const auto samples = family.samples(view, std::numeric_limits<std::size_t>::max());
        if (samples.empty()) continue;
        const auto group = group_of(family.labels);
        const bool histogram = family.kind == Family::Kind::histogram;
        const auto figure = figure_of(groups_[group], (family.kind == Family::Kind::gauge ? "=" : "") + family.name +
                                                          (histogram ? "_sum" : ""));
        for (std::size_t i = 0; i < samples.size(); ++i) {
            auto& subject = find(group, i, samples[i].labels);
            put(subject, figure, samples[i].value);
            for (const auto& [most, count] : samples[i].buckets) {
                const auto bucket = most == Bucket::no_bound ? "any" : std::to_string(most);
                put(subject, figure_of(groups_[group], family.name + "_up_to_" + bucket), count);
            }
        }
    }
    // All subjects of a group have all its figures. If the group has more than before, they get new numbers.
    for (auto& [key, subject] : subjects_) {
        const auto figures = groups_[subject.group].figures.size();
        if (subject.reading != reading_ || (subject.numbered && subject.before.size() == figures)) continue;
        subject.now.resize(figures);
        subject.numbered = false;
        in_order_.clear();
    }
}

Result<void> Meter::number_new(Numbers& numbers) {
    refused_ = false;
    for (auto& group : groups_) {
        if (group.kind) continue;
        group.figure_names = json_list(group.figures);
        const auto kind = numbers.kind(module_, group.label_names, group.figure_names);
        if (!kind) return fail(kind.error());
        group.kind = *kind;
    }
    std::map<std::string, Counts> refused;
    for (auto it = subjects_.begin(); it != subjects_.end();) {
        auto& [key, subject] = *it;
        if (subject.numbered || subject.reading != reading_) {
            ++it;
            continue;
        }
        const auto& group = groups_[subject.group];
        const auto first =
            numbers.block(*group.kind, std::string(labels_in(key)), static_cast<std::uint32_t>(group.figures.size()),
                          siblings_of_rest(labels_in(key)).has_value());
        if (!first) return fail(first.error());
        if (!*first) {
            refused_ = true;
            add_to(refused[key_of(subject.group, std::string(siblings_of(labels_in(key))))], subject.now);
            it = subjects_.erase(it);
            forget_places();
            continue;
        }
        subject.first = **first;
        subject.numbered = true;
        ++it;
    }
    put_into_rests(refused);
    return {};
}

// Adds the counts of those that are not recorded by themselves to the rest.
void Meter::put_into_rests(const std::map<std::string, Counts>& refused) {
    if (refused.empty()) return;
    for (auto& [key, subject] : subjects_)
        if (const auto siblings = siblings_of_rest(labels_in(key)); siblings && subject.reading == reading_)
            if (const auto sum = refused.find(key_of(subject.group, std::string(*siblings))); sum != refused.end())
                add_to(subject.now, sum->second);
}

// Returns what those that have disappeared had counted, by their siblings' labels. The rest contains it from now on.
std::map<std::string, Meter::Moved> Meter::take_vanished() {
    std::map<std::string, Moved> moved;
    for (auto it = subjects_.begin(); it != subjects_.end();) {
        const auto& [key, subject] = *it;
        if (subject.reading == reading_) {
            ++it;
            continue;
        }
        add_to(moved[key_of(subject.group, std::string(siblings_of(labels_in(key))))].in, subject.before);
        it = subjects_.erase(it);
        forget_places();
    }
    return moved;
}

// Finds those that were part of the rest because there were too many, and are recorded by themselves from now on. After
// a restart of the recorder it is not known whether there were any. Then the rest shows it: without them it has shrunk.
void Meter::find_accepted(std::map<std::string, Moved>& moved, bool refused_before) const {
    std::map<std::string, Counts> fresh;
    for (const auto& [key, subject] : subjects_)
        if (subject.is_new && !siblings_of_rest(labels_in(key)))
            add_to(fresh[key_of(subject.group, std::string(siblings_of(labels_in(key))))], subject.now);
    if (fresh.empty()) return;
    for (const auto& [key, rest] : subjects_) {
        const auto siblings = siblings_of_rest(labels_in(key));
        if (!siblings || rest.is_new) continue;
        const auto of = key_of(rest.group, std::string(*siblings));
        const auto come = fresh.find(of);
        if (come == fresh.end()) continue;
        auto& [in, out] = moved[of];
        bool less = false;
        bool less_with_them = false;
        for (std::size_t i = 0; i < rest.before.size(); ++i) {
            const auto expected = rest.before[i] + at(in, i);
            less = less || at(rest.now, i) < expected;
            less_with_them = less_with_them || at(rest.now, i) + at(come->second, i) < expected;
        }
        if (refused_before || (restored_ && less && !less_with_them)) out = come->second;
    }
}

void Meter::grow(Subject& subject, const Moved* moved, bool from_zero, bool baseline, double interval, Row& row) const {
    const auto& figures = groups_[subject.group].figures;
    const auto known = subject.is_new ? figures.size() : subject.before.size();
    const auto before = [&](std::size_t i) { return subject.is_new ? 0 : subject.before[i]; };
    const auto out = [&](std::size_t i) { return moved == nullptr ? 0 : at(moved->out, i); };
    for (std::size_t i = 0; i < known; ++i)
        from_zero = from_zero || (!is_gauge(figures[i]) && subject.now[i] + out(i) < before(i));
    for (std::size_t i = 0; i < known; ++i) {
        const auto now = subject.now[i];
        auto base = from_zero ? 0 : before(i);
        if (moved != nullptr && !from_zero) base += at(moved->in, i);
        const auto reached = from_zero ? now : now + out(i);
        auto by = baseline ? 0 : reached - std::min(base, reached);
        if (is_gauge(figures[i]))
            by = static_cast<std::uint64_t>(std::llround(static_cast<double>(now) * std::max(interval, 0.0)));
        if (by > 0) row.push_back({subject.first + static_cast<std::uint32_t>(i), by});
    }
    // If a module reports a figure for the first time, its history begins here, even if the counter is older.
    for (std::size_t i = known; i < figures.size(); ++i)
        if (from_zero && !baseline && subject.now[i] > 0)
            row.push_back({subject.first + static_cast<std::uint32_t>(i), subject.now[i]});
    subject.before = subject.now;
    subject.is_new = false;
}

Result<Row> Meter::take(const Instance& instance, const View& view, const std::vector<Family>& families,
                        double interval, Numbers& numbers) {
    const bool refused_before = refused_;
    ++reading_;
    collect(view, families);
    if (auto done = number_new(numbers); !done) return fail(done.error());
    auto moved = take_vanished();
    const bool same_boot = instance.boot == last_.boot;
    const bool goes_on = read_before_ && same_boot && (instance.of_kernel || instance.module == last_.module);
    if (goes_on && !instance.of_kernel) find_accepted(moved, refused_before);
    put_in_order();
    Row row;
    for (auto* const one : in_order_) {
        auto& [key, subject] = *one;
        const auto rest_of = siblings_of_rest(labels_in(key));
        const auto siblings = rest_of.value_or(siblings_of(labels_in(key)));
        const auto known =
            goes_on && !moved.empty() ? moved.find(key_of(subject.group, std::string(siblings))) : moved.end();
        const auto* const among = known == moved.end() ? nullptr : &known->second;
        const bool was_there =
            instance.of_kernel ? instance.scope != last_.scope : !rest_of && among != nullptr && !among->out.empty();
        const bool baseline = !read_before_ || (goes_on && subject.is_new && was_there);
        grow(subject, rest_of ? among : nullptr, !goes_on, baseline, interval, row);
    }
    last_ = instance;
    read_before_ = true;
    restored_ = false;
    return row;
}

void Meter::looked_at(const std::string& boot, std::int64_t uptime, Seconds time) { looked_ = {boot, uptime, time}; }

std::optional<std::int64_t> Meter::last_uptime(const std::string& boot) const {
    if (!looked_ || looked_->boot != boot) return std::nullopt;
    return looked_->uptime;
}

std::optional<LastReading> Meter::state() const {
    if (!read_before_ || !looked_) return std::nullopt;
    Row counters;
    const auto add = [&](const Subject& subject) {
        for (std::size_t i = 0; i < subject.before.size(); ++i)
            if (subject.before[i] > 0 && subject.numbered)
                counters.push_back({subject.first + static_cast<std::uint32_t>(i), subject.before[i]});
    };
    for (const auto* one : in_order_)
        add(one->second);
    if (in_order_.empty()) {
        for (const auto& [key, subject] : subjects_)
            add(subject);
        std::ranges::sort(counters, {}, &Growth::series);
    }
    return LastReading{module_, last_.boot, last_.module, last_.scope, looked_->uptime, looked_->time, pack(counters)};
}

void Meter::restore(const LastReading& last, const std::vector<Known>& known) {
    last_ = {last.boot, last.instance, false, last.scope};
    looked_ = {last.boot, last.uptime, last.time};
    read_before_ = restored_ = true;
    for (const auto& one : known) {
        auto group = std::ranges::find(groups_, one.label_names, &Group::label_names);
        if (group == groups_.end()) {
            const auto figures = nlohmann::json::parse(one.figures, nullptr, /*allow_exceptions=*/false);
            if (!figures.is_array()) continue;
            Group made{one.label_names, {}, one.figures, one.kind};
            for (const auto& figure : figures)
                if (figure.is_string()) made.figures.push_back(figure.get<std::string>());
            group = groups_.insert(groups_.end(), std::move(made));
        }
        if (group->kind != one.kind || one.counters.size() != group->figures.size()) continue;
        const auto index = static_cast<std::uint32_t>(group - groups_.begin());
        auto& subject = subjects_[key_of(index, one.labels)];
        subject.first = one.first;
        subject.numbered = true;
        subject.is_new = false;
        subject.group = index;
        subject.before = subject.now = one.counters;
    }
}

void Meter::absent(const std::string& boot) {
    // After another boot, counters start at zero anyway, even the kernel's own.
    if (!read_before_) last_.boot = boot;
    if (last_.boot == boot) last_.module = -1;
    read_before_ = true;
}

void Meter::for_each_block(
    const std::function<void(std::int64_t kind, std::uint32_t first, const std::string& labels)>& visit) const {
    for (const auto& [key, subject] : subjects_)
        if (subject.numbered) visit(*groups_[subject.group].kind, subject.first, std::string(labels_in(key)));
}

} // namespace kmon::history
