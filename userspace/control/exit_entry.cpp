// SPDX-License-Identifier: GPL-2.0-only
#include "exit_entry.hpp"

#include <syslog.h>

#include "escape.hpp"
#include "parse_text.hpp"

namespace kmon::control {

namespace {

// The words that systemd uses for its services.
const char* exit_code_word(const ExitRecord& record) {
    if (record.signal() == 0) return "exited";
    return record.dumped_core() ? "dumped" : "killed";
}

std::string exit_status(const ExitRecord& record) {
    return record.signal() ? signal_name(record.signal()).substr(3) : std::to_string(record.code());
}

std::string sentence_on(const ExitRecord& record) {
    const auto who = printable(record.name) + " (pid " + std::to_string(record.tgid) + ")";
    if (record.signal() == 0) return who + " ended with code " + std::to_string(record.code());
    return who + " was killed by " + signal_name(record.signal()) + (record.dumped_core() ? ", with a core dump" : "");
}

template <class Number>
bool read(const std::string& text, Number& number) {
    const auto parsed = parse_all<Number>(text);
    number = parsed.value_or(number);
    return parsed.has_value();
}

} // namespace

Entry entry_of(const ExitRecord& record, std::int64_t to_wall) {
    const auto end = static_cast<std::int64_t>(record.end_ns()) + to_wall;
    Entry entry{Topic::process_failed,
                LOG_NOTICE,
                sentence_on(record),
                {{"EXIT_CODE", exit_code_word(record)},
                 {"EXIT_STATUS", exit_status(record)},
                 {"KMON_COMM", record.name},
                 {"KMON_PID", std::to_string(record.tgid)},
                 {"KMON_PPID", std::to_string(record.ppid)},
                 {"KMON_STATUS", std::to_string(record.status)}, // as wait(2) has it
                 {"KMON_TIMESTAMP_NS", std::to_string(end)},
                 {"KMON_LIFETIME_NS", std::to_string(record.lifetime_ns)},
                 {"KMON_UTIME_NS", std::to_string(record.utime_ns)},
                 {"KMON_STIME_NS", std::to_string(record.stime_ns)}}};
    if (record.more) {
        const auto& more = *record.more;
        entry.fields.insert(entry.fields.end(), {{"KMON_UID", std::to_string(more.uid)},
                                                 {"KMON_CGROUP_ID", std::to_string(more.cgroup)},
                                                 {"KMON_NS_PID", std::to_string(more.ns_pid)},
                                                 {"KMON_EXEC", more.exec ? "1" : "0"}});
    }
    return entry;
}

std::optional<ExitRecord> exit_in(const std::function<std::string(const char* field)>& field) {
    ExitRecord record;
    std::uint64_t end = 0;
    const bool all = read(field("KMON_PID"), record.tgid) && read(field("KMON_PPID"), record.ppid) &&
                     read(field("KMON_STATUS"), record.status) && read(field("KMON_TIMESTAMP_NS"), end) &&
                     read(field("KMON_LIFETIME_NS"), record.lifetime_ns) &&
                     read(field("KMON_UTIME_NS"), record.utime_ns) && read(field("KMON_STIME_NS"), record.stime_ns);
    if (!all) return std::nullopt;
    record.pid = record.tgid;
    record.name = field("KMON_COMM");
    record.start_ns = end - record.lifetime_ns; // so that end_ns() is `end`, whatever came before
    ExitRecord::More more;
    if (read(field("KMON_UID"), more.uid) && read(field("KMON_CGROUP_ID"), more.cgroup) &&
        read(field("KMON_NS_PID"), more.ns_pid)) {
        more.exec = field("KMON_EXEC") == "1";
        record.more = more;
    }
    return record;
}

} // namespace kmon::control
