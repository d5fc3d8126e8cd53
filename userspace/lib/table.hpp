// SPDX-License-Identifier: GPL-2.0-only
// Columns that fit the page. If it is too narrow, numbers are abbreviated, then columns are omitted. Only then is text
// cut.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "page.hpp"

namespace kmon {

struct Cell {
    std::string text;
    std::string brief; // used if text is too wide; empty: there is none
    Style style = Style::plain;
};

Cell count_cell(std::uint64_t value, Style style = Style::plain);
Cell bytes_cell(std::uint64_t value, Style style = Style::plain);
// Like count_cell, but styled if it is not 0: for counts that should be 0.
Cell fault_cell(std::uint64_t value, Style style = Style::warning);
Cell text_cell(std::string text, Style style = Style::plain);

struct Column {
    std::string head;
    enum Align { left, right } align = right;
    std::size_t at_least = 0;
    int first_out = 0; // if there is no room, columns with a higher number are omitted first; 0: never
};

class Table {
public:
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

    // At most as many cells as columns; missing ones are empty.
    Table& row(std::vector<Cell> cells);

    std::size_t rows() const { return rows_.size(); }

    // At most `limit` columns wide.
    Page page(std::size_t limit, std::size_t indent = 2) const;

private:
    // How a column is shown.
    struct Shown {
        std::size_t width = 0;
        std::size_t briefly = 0; // its width if abbreviated
        bool brief = false;
        bool visible = true;
    };

    std::size_t natural_width(std::size_t column, bool brief) const;
    std::size_t total_width(const std::vector<Shown>& columns) const;
    void make_brief(std::vector<Shown>& columns, std::size_t limit) const;
    std::vector<Shown> choose(std::size_t limit) const;

    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
};

} // namespace kmon
