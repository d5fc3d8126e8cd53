// SPDX-License-Identifier: GPL-2.0-only
#include "report_page.hpp"

#include <utility>

#include "escape.hpp"
#include "format.hpp"
#include "version.hpp"

namespace kmon::cli {

namespace {

constexpr std::size_t name_at = 4;
constexpr std::size_t note_at = 23;
constexpr std::size_t least_room = 20;
constexpr std::size_t narrow = 60; // on a narrower page the words go below the name
constexpr std::size_t narrow_words_at = 6;

// The marks also work without colour.
const char* mark_of(Style style, bool unicode) {
    switch (style) {
    case Style::good: return unicode ? "●" : "+";
    case Style::warning: return unicode ? "▲" : "!";
    case Style::bad: return unicode ? "✗" : "x";
    default: return unicode ? "○" : "-";
    }
}

} // namespace

void ReportPage::item(Style mark, const std::string& name, const std::string& words, const std::string& note) {
    Line line("  ");
    line.add(mark_of(mark, context_.unicode), mark).fill(name_at).add(name, Style::strong);
    const bool below = context_.columns < narrow;
    if (!note.empty()) line.fill(below ? 0 : note_at).add(below ? "  " + note : note, Style::faint);
    if (below) page_.push_back(std::exchange(line, Line()));
    add_words(std::move(line), words, mark == Style::good ? Style::plain : mark);
}

void ReportPage::more(const std::string& words, Style style) { add_words(Line(), words, style); }

void ReportPage::add_words(Line line, const std::string& words, Style style) {
    const auto at = context_.columns < narrow ? narrow_words_at : words_at_;
    const std::size_t room = context_.columns > at + least_room ? context_.columns - at : least_room;
    for (const auto& part : wrapped(words, room, room))
        page_.push_back(std::exchange(line, Line()).fill(at).add(part, style));
}

void ReportPage::line(const Line& line) { append(page_, fitted({line}, context_.columns)); }

void append_heading(ReportPage& page, const Host& host, const std::string& time) {
    page.line(Line(std::string("kmon ") + kmon::version, Style::strong)
                  .add(" on " + printable(host.name) + ", Linux " + printable(host.kernel)));
    page.line(Line(time, Style::faint));
    page.blank();
}

} // namespace kmon::cli
