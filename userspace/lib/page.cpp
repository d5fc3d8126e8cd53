// SPDX-License-Identifier: GPL-2.0-only
#include "page.hpp"

#include <algorithm>
#include <iterator>

#include "format.hpp"

namespace kmon {

namespace {

const char* ansi(Style style) {
    switch (style) {
    case Style::plain: return "";
    case Style::heading:
    case Style::strong: return "1";
    case Style::faint: return "2";
    case Style::good: return "32";
    case Style::warning: return "33";
    case Style::bad: return "31";
    case Style::accent: return "36";
    }
    return "";
}

} // namespace

Line& Line::add(std::string text, Style style) {
    if (!text.empty()) spans_.push_back({std::move(text), style});
    return *this;
}

Line& Line::add(const Line& other) {
    spans_.insert(spans_.end(), other.spans_.begin(), other.spans_.end());
    return *this;
}

Line& Line::fill(std::size_t column) {
    const auto now = columns();
    return now < column ? add(std::string(column - now, ' ')) : *this;
}

Line& Line::limit(std::size_t columns) {
    for (auto span = spans_.begin(); span != spans_.end(); ++span) {
        const auto wide = width(span->text);
        if (wide > columns) {
            span->text = cut(span->text, columns);
            spans_.erase(std::next(span), spans_.end());
            break;
        }
        columns -= wide;
    }
    return *this;
}

Line Line::part(std::size_t begin, std::size_t end) const {
    Line line;
    std::size_t at = 0;
    for (const auto& span : spans_) {
        const auto from = std::max(begin, at);
        const auto to = std::min(end, at + span.text.size());
        if (from < to) line.add(span.text.substr(from - at, to - from), span.style);
        at += span.text.size();
    }
    return line;
}

std::size_t Line::columns() const {
    std::size_t sum = 0;
    for (const auto& span : spans_)
        sum += width(span.text);
    return sum;
}

std::string Line::text() const {
    std::string all;
    for (const auto& span : spans_)
        all += span.text;
    return all;
}

void append(Page& page, Page more) {
    page.insert(page.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

Page fitted(const Page& page, std::size_t columns) {
    constexpr std::size_t step = 2;
    Page all;
    for (const auto& line : page) {
        const auto text = line.text();
        const auto indent = std::min(text.find_first_not_of(' '), text.size()) + step;
        std::size_t at = 0;
        for (const auto& part : wrapped(text, columns, columns > indent ? columns - indent : 1)) {
            at = text.find(part, at);
            all.push_back(Line(std::string(at == 0 ? 0 : indent, ' ')).add(line.part(at, at + part.size())));
            at += part.size();
        }
    }
    return all;
}

void print(std::ostream& out, const Page& page, bool colour) {
    for (const auto& line : page) {
        auto left = line.text().find_last_not_of(' ') + 1; // bytes
        for (const auto& span : line.spans()) {
            const auto text = span.text.substr(0, left);
            left -= text.size();
            if (text.empty()) break;
            const bool styled = colour && span.style != Style::plain;
            if (styled) out << "\033[" << ansi(span.style) << 'm';
            out << text;
            if (styled) out << "\033[0m";
        }
        out << '\n';
    }
}

} // namespace kmon
