// SPDX-License-Identifier: GPL-2.0-only
#include "exit_record.hpp"

#include <csignal>
#include <cstring>
#include <ctime>

#include "parse_text.hpp"

namespace kmon {

namespace {

// Takes a field such as " uid=0" off the text.
template <class Number>
bool take_field(std::string_view& text, std::string_view name, Number& value) {
    return take(text, name) && take_number(text, value);
}

// The kernel escaped every unsafe byte and the backslash as \xHH.
std::string unescape(std::string_view text) {
    std::string bytes;
    while (!text.empty()) {
        if (text.size() >= 4 && text.starts_with("\\x")) {
            const int high = hex_digit(text[2]);
            const int low = hex_digit(text[3]);
            if (high >= 0 && low >= 0) {
                bytes += static_cast<char>(high << 4 | low);
                text.remove_prefix(4);
                continue;
            }
        }
        bytes += text.front();
        text.remove_prefix(1);
    }
    return bytes;
}

// The fields after the name are numbers, so the last " uid=" is not part of the name. Newer modules may have more
// fields.
std::optional<ExitRecord::More> take_more(std::string_view& text) {
    const auto start = text.rfind(" uid=");
    if (start == std::string_view::npos) return std::nullopt;
    auto fields = text.substr(start);
    ExitRecord::More more;
    int core = 0; // also in the status
    int exec = 0;
    const bool whole = take_field(fields, " uid=", more.uid) && take_field(fields, " cgroup=", more.cgroup) &&
                       take_field(fields, " ns_pid=", more.ns_pid) && take_field(fields, " core=", core) &&
                       take_field(fields, " exec=", exec) && (fields.empty() || fields.front() == ' ');
    if (!whole) return std::nullopt;
    more.exec = exec != 0;
    text = text.substr(0, start);
    return more;
}

std::int64_t nanoseconds_of(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return std::int64_t{1'000'000'000} * time.tv_sec + time.tv_nsec;
}

} // namespace

std::optional<ExitRecord> parse_exit(std::string_view line) {
    ExitRecord record;
    std::uint64_t runtime = 0; // utime + stime
    const bool whole = take_field(line, "process_exit: pid=", record.pid) && take_field(line, " tgid=", record.tgid) &&
                       take_field(line, " ppid=", record.ppid) && take_field(line, " exit_code=", record.status) &&
                       take_field(line, " utime=", record.utime_ns) && take_field(line, " stime=", record.stime_ns) &&
                       take_field(line, " start_time=", record.start_ns) && take_field(line, " runtime=", runtime) &&
                       take_field(line, " lifetime=", record.lifetime_ns) && take(line, " comm=");
    if (!whole) return std::nullopt;
    record.more = take_more(line);
    record.name = unescape(line);
    return record;
}

std::int64_t monotonic_to_wall() { return nanoseconds_of(CLOCK_REALTIME) - nanoseconds_of(CLOCK_MONOTONIC); }

std::string signal_name(int signal) {
    const char* name = ::sigabbrev_np(signal);
    return name ? std::string("SIG") + name : "SIG" + std::to_string(signal);
}

std::string how_it_ended(const ExitRecord& record) {
    if (record.signal() == 0) return std::to_string(record.code());
    return signal_name(record.signal()) + (record.dumped_core() ? ", core" : "");
}

} // namespace kmon
