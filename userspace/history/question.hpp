// SPDX-License-Identifier: GPL-2.0-only
// A question in words, as `kmonctl history` takes it from the command line and kmon-exporter from an address.
#pragma once

#include <ctime>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "history/query.hpp"
#include "names.hpp"
#include "result.hpp"

namespace kmon::history {

// Of which time; what is not said is empty.
struct TimeWords {
    std::string last; // "24h"
    std::string from; // or both of these, or one
    std::string to;
};

struct Request {
    std::string table = "devices";
    TimeWords time;
    std::string by;     // one of by_words(); empty: all of it as one
    std::string device; // a MAC address, the start of one, a name; or what a line's last label is
    std::optional<std::size_t> top;
};

// The names of the tables, to choose from.
std::vector<std::string> table_names();

// "interval", "5min", "hour", "day", "month".
std::vector<std::string> by_words();

// otherwise: the seconds up to now, where nothing is said.
Result<History::Extent> extent_of(const TimeWords& words, std::time_t now, Seconds otherwise);

// Does a line that ends in this label belong to `wanted`?
std::function<bool(const std::string& label)> is_called(std::string wanted, NamesByMac names);

// What is wrong with it is ExitCode::usage.
Result<Question> question_of(const Request& request, const NamesByMac& names, std::time_t now);

// What a MAC address is called, for to_json().
std::function<std::string(const std::string& mac)> name_in(const NamesByMac& names);

} // namespace kmon::history
