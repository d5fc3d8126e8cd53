// SPDX-License-Identifier: GPL-2.0-only
// A question as text, from the command line of `kmonctl history` or a URL of kmon-exporter.
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

// The time in question; anything not given is empty.
struct TimeWords {
    std::string last; // "24h"
    std::string from; // or both of these, or one
    std::string to;
};

struct Request {
    std::string table = "devices";
    TimeWords time;
    std::string by;     // one of by_words(); empty: everything as one
    std::string device; // a MAC address, the start of one, a name; or the value of the last label
    std::optional<std::size_t> top;
};

// The names of the tables, to choose from.
std::vector<std::string> table_names();

// "interval", "5min", "hour", "day", "month".
std::vector<std::string> by_words();

// otherwise: the default, in seconds up to now.
Result<History::Extent> extent_of(const TimeWords& words, std::time_t now, Seconds otherwise);

// Does a line whose last label has this value belong to `wanted`?
std::function<bool(const std::string& label)> is_called(std::string wanted, NamesByMac names);

// Errors in the request have ExitCode::usage.
Result<Question> question_of(const Request& request, const NamesByMac& names, std::time_t now);

// The name of a MAC address, for to_json().
std::function<std::string(const std::string& mac)> name_in(const NamesByMac& names);

} // namespace kmon::history
