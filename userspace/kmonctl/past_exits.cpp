// SPDX-License-Identifier: GPL-2.0-only
#include "past_exits.hpp"

#include <systemd/sd-journal.h>

#include <algorithm>
#include <memory>
#include <string>

#include "control/exit_entry.hpp"
#include "control/journal.hpp"
#include "file.hpp"
#include "number_text.hpp"
#include "release.hpp"

namespace kmon::cli {

namespace {

using control::message_id;
using control::Topic;

std::string field_of(sd_journal* journal, const char* field) {
    const void* data = nullptr;
    std::size_t size = 0;
    if (::sd_journal_get_data(journal, field, &data, &size) < 0) return "";
    const std::string text(static_cast<const char*>(data), size);
    return text.substr(std::min(text.size(), text.find('=') + 1));
}

} // namespace

Result<std::uint64_t> read_past_exits(std::time_t since, const VisitExit& visit) {
    sd_journal* opened = nullptr;
    if (const int code = ::sd_journal_open(&opened, SD_JOURNAL_LOCAL_ONLY); code < 0)
        return fail(system_error("cannot open the journal", -code));
    const std::unique_ptr<sd_journal, Release<sd_journal_close>> journal(opened);
    const std::string failed = std::string("MESSAGE_ID=") + message_id(Topic::process_failed);
    const std::string suppressed = std::string("MESSAGE_ID=") + message_id(Topic::exits_suppressed);
    // Anybody can write similar entries to the journal, but not as root.
    for (const auto& match : {failed, suppressed, std::string("_UID=0")})
        if (const int code = ::sd_journal_add_match(journal.get(), match.data(), match.size()); code < 0)
            return fail(system_error("cannot search the journal", -code));
    const auto begin = static_cast<std::uint64_t>(std::max<std::time_t>(since, 0)) * 1'000'000;
    if (const int code = ::sd_journal_seek_realtime_usec(journal.get(), begin); code < 0)
        return fail(system_error("cannot search the journal", -code));

    std::uint64_t left_out = 0;
    for (;;) {
        const int code = ::sd_journal_next(journal.get());
        if (code < 0) return fail(system_error("cannot read the journal", -code));
        if (code == 0) return left_out;
        const auto field = [&](const char* name) { return field_of(journal.get(), name); };
        left_out += parse_count(field("KMON_SUPPRESSED")).value_or(0);
        if (const auto record = control::exit_in(field); record && !visit(*record)) return left_out;
    }
}

} // namespace kmon::cli
