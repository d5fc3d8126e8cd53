// SPDX-License-Identifier: GPL-2.0-only
// Styled text, line by line: the output of a command, for a terminal, a pipe or the screen of `kmonctl top`.
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
    // Adds blanks up to that column; none if the line is longer.
    Line& fill(std::size_t column);
    // Cuts the line to `columns`.
    Line& limit(std::size_t columns);

    // The part between two byte offsets of its text.
    Line part(std::size_t begin, std::size_t end) const;

    std::size_t columns() const;
    std::string text() const; // without styles
    const std::vector<Span>& spans() const { return spans_; }

private:
    std::vector<Span> spans_;
};

using Page = std::vector<Line>;

void append(Page& page, Page more);

// Breaks long lines at blanks; continuation lines are indented further.
Page fitted(const Page& page, std::size_t columns);

// Prints it, with styles as ANSI colours if `colour`, and without trailing blanks.
void print(std::ostream& out, const Page& page, bool colour);

} // namespace kmon
