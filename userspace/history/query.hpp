// SPDX-License-Identifier: GPL-2.0-only
// What is asked of the history, and the answer: the numbers behind `kmonctl history`, for whoever shows them.
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

// The tables that there are, each with its module.
struct NamedTable {
    const Module* module = nullptr;
    const HistoryTable* table = nullptr;
};
std::vector<NamedTable> tables();
std::optional<NamedTable> find_table(const std::string& name);

// interval: each as it was read. The finer ones only as long as they are kept.
enum class By { all, interval, five_minutes, hour, day, month };

struct Question {
    NamedTable table;
    History::Extent extent;
    By by = By::all;
    std::size_t top = View::all;
    // Of the last label's values, those to be shown; empty: all.
    std::function<bool(const std::string& value)> wanted{};
    // Of the whole answer, with a line for each period's total. What may have more fails with ExitCode::usage.
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
    std::vector<Part> lines;          // those that are not 0
    std::vector<std::uint64_t> total; // of all, those left out included
};

struct Answer {
    NamedTable table;
    History::Extent extent;   // in whole slots
    std::vector<bool> has;    // of the columns: is it recorded at all?
    std::vector<Line> lines;  // in the whole time, those with most first
    std::size_t left_out = 0; // lines past Question::top
    std::vector<std::uint64_t> total;
    Seconds seen = 0;
    std::vector<Period> periods; // By::all: none
};

Result<Answer> ask(History& history, const Question& question);

// What a line is sorted by: the sum of its bytes, or else the first column.
std::uint64_t weight(const HistoryTable& table, const std::vector<std::uint64_t>& values);

// name_of: of a MAC address; empty where there is none.
Json to_json(const Answer& answer, const std::function<std::string(const std::string& mac)>& name_of);

} // namespace kmon::history
