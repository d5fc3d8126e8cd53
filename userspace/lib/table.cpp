// SPDX-License-Identifier: GPL-2.0-only
#include "table.hpp"

#include <algorithm>

#include "format.hpp"

namespace kmon {

namespace {

constexpr std::size_t gap = 2;

const std::string& shown(const Cell& cell, bool brief) { return brief && !cell.brief.empty() ? cell.brief : cell.text; }

} // namespace

Cell count_cell(std::uint64_t value, Style style) { return {grouped(value), brief(value), style}; }

Cell bytes_cell(std::uint64_t value, Style style) { return {grouped(value), brief_bytes(value), style}; }

Cell fault_cell(std::uint64_t value, Style style) { return count_cell(value, value ? style : Style::plain); }

Cell text_cell(std::string text, Style style) { return {std::move(text), "", style}; }

Table& Table::row(std::vector<Cell> cells) {
    cells.resize(columns_.size());
    rows_.push_back(std::move(cells));
    return *this;
}

std::size_t Table::natural_width(std::size_t column, bool brief) const {
    std::size_t widest = std::max(width(columns_[column].head), columns_[column].at_least);
    for (const auto& row : rows_)
        widest = std::max(widest, width(shown(row[column], brief)));
    return widest;
}

std::size_t Table::total_width(const std::vector<Shown>& columns) const {
    std::size_t total = 0;
    for (const auto& column : columns)
        if (column.visible) total += (total ? gap : 0) + (column.brief ? column.briefly : column.width);
    return total;
}

// Abbreviates columns until all fit, beginning with the one that saves most.
void Table::make_brief(std::vector<Shown>& columns, std::size_t limit) const {
    while (total_width(columns) > limit) {
        const auto gain = [](const Shown& column) {
            const bool can = column.visible && !column.brief && column.briefly < column.width;
            return can ? column.width - column.briefly : 0;
        };
        const auto next = std::ranges::max_element(columns, {}, gain);
        if (next == columns.end() || gain(*next) == 0) return;
        next->brief = true;
    }
}

std::vector<Table::Shown> Table::choose(std::size_t limit) const {
    std::vector<Shown> all;
    for (std::size_t i = 0; i < columns_.size(); ++i)
        all.push_back({.width = natural_width(i, false), .briefly = natural_width(i, true)});
    for (;;) {
        auto columns = all;
        make_brief(columns, limit);
        if (total_width(columns) <= limit) return columns;
        std::size_t out = 0;
        for (std::size_t i = 0; i < columns_.size(); ++i)
            if (all[i].visible && (!all[out].visible || columns_[i].first_out > columns_[out].first_out)) out = i;
        if (all.empty() || !all[out].visible || columns_[out].first_out == 0) return columns;
        all[out].visible = false;
    }
}

Page Table::page(std::size_t limit, std::size_t indent) const {
    const auto columns = choose(limit > indent ? limit - indent : 0);
    const auto line_of = [&](const auto& text_of, const auto& style_of) {
        Line line(std::string(indent, ' '));
        std::size_t start = indent;
        for (std::size_t i = 0; i < columns.size(); ++i) {
            if (!columns[i].visible) continue;
            const auto all = columns[i].brief ? columns[i].briefly : columns[i].width;
            const std::string& text = text_of(i);
            line.fill(start);
            if (columns_[i].align == Column::right) line.add(std::string(all - std::min(width(text), all), ' '));
            line.add(text, style_of(i));
            start += all + gap;
        }
        return line.limit(limit);
    };

    Page page;
    const auto has_head = [](const Column& column) { return !column.head.empty(); };
    if (std::any_of(columns_.begin(), columns_.end(), has_head))
        page.push_back(line_of([&](std::size_t i) -> const std::string& { return columns_[i].head; },
                               [](std::size_t) { return Style::faint; }));
    for (const auto& row : rows_)
        page.push_back(line_of([&](std::size_t i) -> const std::string& { return shown(row[i], columns[i].brief); },
                               [&](std::size_t i) { return row[i].style; }));
    return page;
}

} // namespace kmon
