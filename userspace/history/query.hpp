// SPDX-License-Identifier: GPL-2.0-only
// A question to the history and its answer: the numbers behind `kmonctl history`.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "history/history.hpp"
#include "json.hpp"
#include "modules/module.hpp"

namespace kmon::history {

// A table and its module.
struct NamedTable {
    const Module* module = nullptr;
    const HistoryTable* table = nullptr;
};
std::vector<NamedTable> tables();
std::optional<NamedTable> find_table(const std::string& name);

// interval: each reading. The finer ones are available only as long as they are kept.
enum class By { all, interval, five_minutes, hour, day, month };

struct Question {
    NamedTable table;
    History::Extent extent;
    By by = By::all;
    std::size_t top = View::all;
    // Which values of the last label to show; empty: all.
    std::function<bool(const std::string& value)> wanted{};
    // The limit for the whole answer, including a line for each period's total. If it may have more, ask() fails with
    // ExitCode::usage.
    std::size_t most_lines = View::all;
};

// One set of labels.
struct Line {
    std::vector<std::string> labels;
    std::vector<std::uint64_t> values; // of the table's columns
    bool operator==(const Line&) const = default;
};

struct Period {
    struct Part {
        std::size_t line = 0; // in Answer::lines
        std::vector<std::uint64_t> values;
    };
    Seconds from = 0;
    Seconds to = 0;
    Seconds seen = 0;                 // as in Slot
    std::vector<Part> lines;          // only lines that are not 0
    std::vector<std::uint64_t> total; // of all lines, including those left out
};

struct Answer {
    NamedTable table;
    History::Extent extent;   // in whole slots
    std::vector<bool> has;    // for each column: is it recorded at all?
    std::vector<Line> lines;  // over the whole time, the largest first
    std::size_t left_out = 0; // lines beyond Question::top
    std::vector<std::uint64_t> total;
    Seconds seen = 0;
    std::vector<Period> periods; // By::all: none
};

Result<Answer> ask(History& history, const Question& question);

// The sort key of a line: the sum of its byte columns, or else the first column.
std::uint64_t weight(const HistoryTable& table, const std::vector<std::uint64_t>& values);

// name_of: the name of a MAC address, or empty.
Json to_json(const Answer& answer, const std::function<std::string(const std::string& mac)>& name_of);

} // namespace kmon::history
