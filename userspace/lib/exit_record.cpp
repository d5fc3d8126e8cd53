// SPDX-License-Identifier: GPL-2.0-only
#include "exit_record.hpp"

#include <charconv>
#include <csignal>
#include <cstring>

namespace kmon {

namespace {

// Takes `word` from the front of the text; false where it is not there.
bool take(std::string_view& text, std::string_view word) {
    if (!text.starts_with(word)) return false;
    text.remove_prefix(word.size());
    return true;
}

template <class Number>
bool take_number(std::string_view& text, std::string_view before, Number& value) {
    if (!take(text, before)) return false;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc()) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

// The kernel wrote \xHH for every byte that could do harm, and for the backslash.
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

// The fields behind the name are numbers, so the last " uid=" there is no part of any name. There may be more fields
// than we know.
std::optional<ExitRecord::More> take_more(std::string_view& text) {
    const auto start = text.rfind(" uid=");
    if (start == std::string_view::npos) return std::nullopt;
    auto fields = text.substr(start);
    ExitRecord::More more;
    int core = 0; // the status has that, too
    int exec = 0;
    const bool whole = take_number(fields, " uid=", more.uid) && take_number(fields, " cgroup=", more.cgroup) &&
                       take_number(fields, " ns_pid=", more.ns_pid) && take_number(fields, " core=", core) &&
                       take_number(fields, " exec=", exec) && (fields.empty() || fields.front() == ' ');
    if (!whole) return std::nullopt;
    more.exec = exec != 0;
    text = text.substr(0, start);
    return more;
}

} // namespace

std::optional<ExitRecord> parse_exit(std::string_view line) {
    ExitRecord record;
    std::uint64_t runtime = 0; // utime + stime
    const bool whole = take_number(line, "process_exit: pid=", record.pid) &&
                       take_number(line, " tgid=", record.tgid) && take_number(line, " ppid=", record.ppid) &&
                       take_number(line, " exit_code=", record.status) &&
                       take_number(line, " utime=", record.utime_ns) && take_number(line, " stime=", record.stime_ns) &&
                       take_number(line, " start_time=", record.start_ns) && take_number(line, " runtime=", runtime) &&
                       take_number(line, " lifetime=", record.lifetime_ns) && take(line, " comm=");
    if (!whole) return std::nullopt;
    record.more = take_more(line);
    record.name = unescape(line);
    return record;
}

std::string signal_name(int signal) {
    const char* name = ::sigabbrev_np(signal);
    return name ? std::string("SIG") + name : "SIG" + std::to_string(signal);
}

std::string how_it_ended(const ExitRecord& record) {
    if (record.signal() == 0) return std::to_string(record.code());
    return signal_name(record.signal()) + (record.dumped_core() ? ", core" : "");
}

} // namespace kmon
