// SPDX-License-Identifier: GPL-2.0-only
#include "past_exits.hpp"

#include <systemd/sd-journal.h>
#include <time.h>

#include <charconv>
#include <memory>

#include "config_values.hpp"
#include "control/exit_entry.hpp"
#include "control/journal.hpp"
#include "file.hpp"
#include "release.hpp"

namespace kmon::cli {

namespace {

using control::message_id;
using control::Topic;

std::optional<std::time_t> parse_date(const std::string& text, std::time_t now) {
    for (const auto* form : {"%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%H:%M:%S", "%H:%M"}) {
        tm time{};
        ::localtime_r(&now, &time); // whose day it is where only the time is given
        time.tm_hour = time.tm_min = time.tm_sec = 0;
        time.tm_isdst = -1;
        const char* end = ::strptime(text.c_str(), form, &time);
        if (end != nullptr && *end == '\0') return std::mktime(&time);
    }
    return std::nullopt;
}

std::string field_of(sd_journal* journal, const char* field) {
    const void* data = nullptr;
    std::size_t size = 0;
    if (::sd_journal_get_data(journal, field, &data, &size) < 0) return "";
    const std::string text(static_cast<const char*>(data), size);
    return text.substr(std::min(text.size(), text.find('=') + 1));
}

std::uint64_t number_in(const std::string& text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

} // namespace

std::optional<std::time_t> parse_since(const std::string& text, std::time_t now) {
    if (const auto ago = parse_duration(text); ago && *ago <= static_cast<std::uint64_t>(now))
        return now - static_cast<std::time_t>(*ago);
    if (text.starts_with('@')) {
        std::time_t then = 0;
        const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), then);
        const bool good = text.size() > 1 && error == std::errc() && end == text.data() + text.size() && then >= 0;
        return good ? std::optional(then) : std::nullopt;
    }
    return parse_date(text, now);
}

Result<std::uint64_t> read_past_exits(std::time_t since, const VisitExit& visit) {
    sd_journal* opened = nullptr;
    if (const int code = ::sd_journal_open(&opened, SD_JOURNAL_LOCAL_ONLY); code < 0)
        return fail(system_error("cannot open the journal", -code));
    const std::unique_ptr<sd_journal, Release<sd_journal_close>> journal(opened);
    const std::string failed = std::string("MESSAGE_ID=") + message_id(Topic::process_failed);
    const std::string suppressed = std::string("MESSAGE_ID=") + message_id(Topic::exits_suppressed);
    // Anybody can write what looks the same, but not as root.
    for (const auto& match : {failed, suppressed, std::string("_UID=0")})
        if (const int code = ::sd_journal_add_match(journal.get(), match.data(), match.size()); code < 0)
            return fail(system_error("cannot search the journal", -code));
    if (const int code = ::sd_journal_seek_realtime_usec(journal.get(), static_cast<std::uint64_t>(since) * 1'000'000);
        code < 0)
        return fail(system_error("cannot search the journal", -code));

    std::uint64_t left_out = 0;
    for (;;) {
        const int code = ::sd_journal_next(journal.get());
        if (code < 0) return fail(system_error("cannot read the journal", -code));
        if (code == 0) return left_out;
        const auto field = [&](const char* name) { return field_of(journal.get(), name); };
        left_out += number_in(field("KMON_SUPPRESSED"));
        if (const auto record = control::exit_in(field); record && !visit(*record)) return left_out;
    }
}

} // namespace kmon::cli
