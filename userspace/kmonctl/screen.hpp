// SPDX-License-Identifier: GPL-2.0-only
// The full-screen terminal, with ncurses.
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
    ~Screen(); // restores the terminal

    std::size_t rows() const;
    std::size_t columns() const;

    void show(const Page& page);

    enum class Key { none, quit, pause, redraw, help, sort, panel, faster, slower, filter, typed, entered };

    // Waits at most `time`, or until a signal comes. line: the text being typed, or NULL: keys edit it, Enter ends the
    // typing, Esc also clears it.
    Key wait_for_key(std::chrono::milliseconds time, std::string* line = nullptr);

private:
    explicit Screen(void* terminal) : terminal_(terminal) {}

    void* terminal_; // ncurses' SCREEN; its header would define many macros
};

} // namespace kmon::cli
