// SPDX-License-Identifier: GPL-2.0-only
// Columns that fit: a number that is too wide for the page is shown in brief, a text is cut.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "page.hpp"

namespace kmon {

struct Cell {
    std::string text;
    std::string brief; // for where text is too wide; empty: there is none
    Style style = Style::plain;
};

Cell count_cell(std::uint64_t value, Style style = Style::plain);
Cell bytes_cell(std::uint64_t value, Style style = Style::plain);
// As count_cell, and in that style only if it is not 0: for what should be 0.
Cell fault_cell(std::uint64_t value, Style style = Style::warning);
Cell text_cell(std::string text, Style style = Style::plain);

struct Column {
    std::string head;
    enum Align { left, right } align = right;
    std::size_t at_least = 0;
};

class Table {
public:
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

    // As many cells as columns, or fewer: the others stay empty.
    Table& row(std::vector<Cell> cells);

    std::size_t rows() const { return rows_.size(); }

    // At most `limit` columns wide, unless even the brief forms are too wide.
    Page page(std::size_t limit, std::size_t indent = 2) const;

private:
    std::size_t natural_width(std::size_t column, bool brief) const;
    std::vector<bool> choose_brief(std::size_t limit) const;

    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
};

} // namespace kmon
