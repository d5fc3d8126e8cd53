// SPDX-License-Identifier: GPL-2.0-only
// The layout of `kmonctl status` and `kmonctl doctor`: a mark, a name, and text that may take several lines.
#pragma once

#include <string>

#include "context.hpp"
#include "host.hpp"
#include "page.hpp"

namespace kmon::cli {

class ReportPage {
public:
    ReportPage(const Context& context, std::size_t words_at) : context_(context), words_at_(words_at) {}

    // note: a few characters between name and words, "1.0.0".
    void item(Style mark, const std::string& name, const std::string& words, const std::string& note = "");
    // Adds a line below the item's text.
    void more(const std::string& words, Style style = Style::plain);
    void blank() { page_.emplace_back(); }
    // Adds a line that starts at the left margin.
    void line(const Line& line);

    const Page& page() const { return page_; }

private:
    void add_words(Line line, const std::string& words, Style style);

    const Context& context_;
    std::size_t words_at_;
    Page page_;
};

// "kmon 1.0.0 on HOST, Linux 6.12", the time, and a blank line.
void append_heading(ReportPage& page, const Host& host, const std::string& time);

} // namespace kmon::cli
