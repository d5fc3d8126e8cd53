// SPDX-License-Identifier: GPL-2.0-only
#include "question.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "escape.hpp"
#include "joined.hpp"
#include "time_text.hpp"

namespace kmon::history {

namespace {

struct Word {
    const char* word;
    By by;
    Seconds otherwise; // the default time
};

constexpr Seconds an_hour = 3600;
constexpr Seconds a_day = 24 * an_hour;
constexpr std::array periods = {Word{"interval", By::interval, an_hour}, Word{"5min", By::five_minutes, a_day},
                                Word{"hour", By::hour, a_day}, Word{"day", By::day, 7 * a_day},
                                Word{"month", By::month, 365 * a_day}};

// Normalises the start of a MAC address.
std::string plain(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    std::ranges::replace(text, '-', ':');
    return text;
}

} // namespace

std::vector<std::string> table_names() {
    std::vector<std::string> names;
    for (const auto& one : tables())
        names.push_back(one.table->name);
    return names;
}

std::vector<std::string> by_words() {
    std::vector<std::string> all;
    for (const auto& one : periods)
        all.emplace_back(one.word);
    return all;
}

Result<History::Extent> extent_of(const TimeWords& words, std::time_t now, Seconds otherwise) {
    const auto time = [&](const std::string& text) -> Result<std::time_t> {
        if (const auto parsed = parse_time(text, now)) return *parsed;
        return fail("'" + printable(text) + "' is not a time", ExitCode::usage, times_to_write);
    };
    History::Extent extent = {static_cast<Seconds>(now) - otherwise, now};
    if (!words.last.empty()) {
        if (!words.from.empty() || !words.to.empty())
            return fail("'last' cannot be combined with 'from' or 'to'", ExitCode::usage);
        const auto span = parse_span(words.last);
        if (!span)
            return fail("'" + printable(words.last) + "' is not a span of time", ExitCode::usage, "15m, 24h, 7d");
        extent.from = now - *span;
    }
    if (!words.to.empty()) {
        const auto to = time(words.to);
        if (!to) return fail(to.error());
        extent = {*to - otherwise, *to};
    }
    if (!words.from.empty()) {
        const auto from = time(words.from);
        if (!from) return fail(from.error());
        extent.from = *from;
    }
    if (extent.from >= extent.to) return fail("the time ends before it begins", ExitCode::usage);
    return extent;
}

std::function<bool(const std::string& label)> is_called(std::string wanted, NamesByMac names) {
    if (wanted.empty()) return {};
    return [wanted = plain(std::move(wanted)), names = std::move(names)](const std::string& label) {
        if (plain(label) == wanted) return true;
        const auto mac = parse_any_mac(label);
        if (!mac) return false;
        const auto name = names.find(*mac);
        if (name != names.end() && plain(name->second) == wanted) return true;
        return wanted.find(':') != std::string::npos && label.starts_with(wanted);
    };
}

Result<Question> question_of(const Request& request, const NamesByMac& names, std::time_t now) {
    const auto table = find_table(request.table);
    if (!table)
        return fail("there is no table '" + printable(request.table) + "'", ExitCode::usage, joined(table_names()));
    const auto* const by = std::ranges::find(periods, request.by, &Word::word);
    if (!request.by.empty() && by == periods.end())
        return fail("'" + printable(request.by) + "' is not a period", ExitCode::usage, joined(by_words()));
    const auto extent = extent_of(request.time, now, by == periods.end() ? a_day : by->otherwise);
    if (!extent) return fail(extent.error());
    return Question{*table, *extent, by == periods.end() ? By::all : by->by, request.top.value_or(View::all),
                    is_called(request.device, names)};
}

std::function<std::string(const std::string& mac)> name_in(const NamesByMac& names) {
    return [&names](const std::string& label) {
        const auto mac = parse_any_mac(label);
        const auto name = mac ? names.find(*mac) : names.end();
        return name == names.end() ? std::string() : name->second;
    };
}

} // namespace kmon::history
