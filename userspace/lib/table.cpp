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

// The widest column goes first, until all fit.
std::vector<bool> Table::choose_brief(std::size_t limit) const {
    std::vector<bool> brief(columns_.size());
    for (;;) {
        std::size_t total = gap * (columns_.size() - 1);
        std::size_t gain = 0;
        std::size_t next = 0;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            const auto now = natural_width(i, brief[i]);
            total += now;
            if (!brief[i] && now - natural_width(i, true) > gain) {
                gain = now - natural_width(i, true);
                next = i;
            }
        }
        if (total <= limit || gain == 0) return brief;
        brief[next] = true;
    }
}

Page Table::page(std::size_t limit, std::size_t indent) const {
    const auto brief = choose_brief(limit > indent ? limit - indent : 0);
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < columns_.size(); ++i)
        widths.push_back(natural_width(i, brief[i]));

    const auto line_of = [&](const auto& text_of, const auto& style_of) {
        Line line(std::string(indent, ' '));
        std::size_t start = indent;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            const std::string& text = text_of(i);
            const auto blanks = widths[i] - std::min(width(text), widths[i]);
            line.fill(start);
            if (columns_[i].align == Column::right) line.add(std::string(blanks, ' '));
            line.add(text, style_of(i));
            start += widths[i] + gap;
        }
        return line.limit(limit);
    };

    Page page;
    const auto has_head = [](const Column& column) { return !column.head.empty(); };
    if (std::any_of(columns_.begin(), columns_.end(), has_head))
        page.push_back(line_of([&](std::size_t i) -> const std::string& { return columns_[i].head; },
                               [](std::size_t) { return Style::faint; }));
    for (const auto& row : rows_)
        page.push_back(line_of([&](std::size_t i) -> const std::string& { return shown(row[i], brief[i]); },
                               [&](std::size_t i) { return row[i].style; }));
    return page;
}

} // namespace kmon
