// SPDX-License-Identifier: GPL-2.0-only
// Text with styles, line by line: what a command shows, whether it goes to a terminal, a pipe or the screen of `kmonctl
// top`.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace kmon {

enum class Style { plain, heading, strong, faint, good, warning, bad, accent };

struct Span {
    std::string text; // printable
    Style style = Style::plain;
};

class Line {
public:
    Line() = default;
    Line(std::string text, Style style = Style::plain) { add(std::move(text), style); }

    Line& add(std::string text, Style style = Style::plain);
    Line& add(const Line& other);
    // Blanks up to that column; none where the line is longer.
    Line& fill(std::size_t column);
    // Cut to so many columns.
    Line& limit(std::size_t columns);

    // From one byte of its text up to another.
    Line part(std::size_t begin, std::size_t end) const;

    std::size_t columns() const;
    std::string text() const; // without styles
    const std::vector<Span>& spans() const { return spans_; }

private:
    std::vector<Span> spans_;
};

using Page = std::vector<Line>;

void append(Page& page, Page more);

// Its lines broken at blanks where they are longer; what goes on below stands further to the right.
Page fitted(const Page& page, std::size_t columns);

// Styles as ANSI colours if `colour`. No blanks at the ends of lines.
void print(std::ostream& out, const Page& page, bool colour);

} // namespace kmon
