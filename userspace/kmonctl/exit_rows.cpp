// SPDX-License-Identifier: GPL-2.0-only
#include "exit_rows.hpp"

#include <algorithm>

#include "escape.hpp"
#include "format.hpp"
#include "local_time.hpp"

namespace kmon::cli {

namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::size_t all_columns = 80; // the width that fits every column

} // namespace

std::string time_of_end(const ExitRecord& record, std::int64_t to_wall, bool milliseconds) {
    const auto end = static_cast<std::int64_t>(record.end_ns()) + to_wall;
    auto text = local_time(end / second, "%H:%M:%S");
    if (milliseconds) text += '.' + std::to_string(1000 + end % second / 1'000'000).substr(1);
    return text;
}

Style style_of(const ExitRecord& record) {
    return record.signal() ? Style::bad : record.code() ? Style::warning : Style::plain;
}

Line exit_heading(std::size_t columns) {
    Line line("time", Style::faint);
    if (columns < all_columns)
        return line.fill(9).add(at_right("pid", 7) + "  name", Style::faint).fill(31).add("ended", Style::faint);
    line.fill(14)
        .add(at_right("pid", 7) + at_right("ppid", 8) + "  name", Style::faint)
        .fill(48)
        .add("ended", Style::faint);
    return line.fill(62).add(at_right("lifetime", 8) + at_right("CPU", 9), Style::faint);
}

Line exit_row(const ExitRecord& record, std::int64_t to_wall, std::size_t columns) {
    if (columns < all_columns) {
        Line line(time_of_end(record, to_wall, false), Style::faint);
        line.fill(9).add(at_right(std::to_string(record.tgid), 7) + "  ");
        line.add(cut(printable(record.name), 12), Style::strong).fill(31);
        return line.add(record.signal() ? signal_name(record.signal()) : how_it_ended(record), style_of(record));
    }
    Line line(time_of_end(record, to_wall, true), Style::faint);
    line.fill(14).add(at_right(std::to_string(record.tgid), 7) + at_right(std::to_string(record.ppid), 8) + "  ");
    line.add(printable(record.name), Style::strong).fill(47).add(" ").add(how_it_ended(record), style_of(record));
    line.fill(61).add(" " + at_right(duration(record.lifetime_ns), 8) + " " + at_right(duration(record.cpu_ns()), 8));
    return line;
}

Json to_json(const ExitRecord& record, std::int64_t to_wall, const std::string& cgroup) {
    const auto end = static_cast<std::int64_t>(record.end_ns()) + to_wall;
    const auto& more = record.more;
    return {{"timestamp_ns", end},
            {"pid", record.tgid},
            {"ppid", record.ppid},
            {"name", record.name},
            {"exit_code", record.signal() ? Json() : Json(record.code())},
            {"signal", record.signal() ? Json(signal_name(record.signal())) : Json()},
            {"core", record.dumped_core()},
            {"lifetime_ns", record.lifetime_ns},
            {"utime_ns", record.utime_ns},
            {"stime_ns", record.stime_ns},
            {"uid", more ? Json(more->uid) : Json()},
            {"cgroup_id", more ? Json(more->cgroup) : Json()},
            {"cgroup", cgroup.empty() ? Json() : Json(cgroup)},
            {"ns_pid", more ? Json(more->ns_pid) : Json()},
            {"exec", more ? Json(more->exec) : Json()}};
}

} // namespace kmon::cli
