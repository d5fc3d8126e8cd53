// SPDX-License-Identifier: GPL-2.0-only
// The whole terminal, by ncurses.
#pragma once

#include <chrono>
#include <string>

#include "page.hpp"
#include "result.hpp"

namespace kmon::cli {

class Screen {
public:
    static Result<Screen> open(bool colour);

    Screen(Screen&& other) noexcept;
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;
    Screen& operator=(Screen&&) = delete;
    ~Screen(); // the terminal as it was

    std::size_t rows() const;
    std::size_t columns() const;

    void show(const Page& page);

    enum class Key { none, quit, pause, redraw, help, sort, panel, faster, slower, filter, typed, entered };

    // Waits that long at most, and less when a signal comes. line: what is being typed, if anything is: keys change it,
    // Enter ends it, and Esc takes it away.
    Key wait_for_key(std::chrono::milliseconds time, std::string* line = nullptr);

private:
    explicit Screen(void* terminal) : terminal_(terminal) {}

    void* terminal_; // ncurses' SCREEN; its header would bring its macros along
};

} // namespace kmon::cli
