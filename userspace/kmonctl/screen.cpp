// SPDX-License-Identifier: GPL-2.0-only
#include "screen.hpp"

#define NCURSES_NOMACROS
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <utility>

namespace kmon::cli {

namespace {

enum Pair : short { good = 1, warning, bad, accent };

void use_colours() {
    if (::start_color() == ERR || ::use_default_colors() == ERR) return;
    ::init_pair(good, COLOR_GREEN, -1);
    ::init_pair(warning, COLOR_YELLOW, -1);
    ::init_pair(bad, COLOR_RED, -1);
    ::init_pair(accent, COLOR_CYAN, -1);
}

attr_t attributes_of(Style style) {
    switch (style) {
    case Style::plain: return A_NORMAL;
    case Style::heading: return A_BOLD | A_UNDERLINE;
    case Style::strong: return A_BOLD;
    case Style::faint: return A_DIM;
    case Style::good:
    case Style::warning:
    case Style::bad:
    case Style::accent: return A_NORMAL;
    }
    return A_NORMAL;
}

short pair_of(Style style) {
    switch (style) {
    case Style::good: return good;
    case Style::warning: return warning;
    case Style::bad: return bad;
    case Style::accent: return accent;
    default: return 0;
    }
}

constexpr int escape = 27;
constexpr int control_l = 12;

Screen::Key type_into(std::string& line, int key) {
    constexpr std::size_t longest = 32;
    switch (key) {
    case '\n':
    case '\r':
    case KEY_ENTER: return Screen::Key::entered;
    case escape: line.clear(); return Screen::Key::entered;
    case KEY_BACKSPACE:
    case '\b':
    case 0x7f:
        if (!line.empty()) line.pop_back();
        return Screen::Key::typed;
    case KEY_RESIZE: return Screen::Key::redraw;
    default:
        if (key >= ' ' && key < 0x7f && line.size() < longest) line += static_cast<char>(key);
        return key == ERR ? Screen::Key::none : Screen::Key::typed;
    }
}

} // namespace

Result<Screen> Screen::open(bool colour) {
    if (!::isatty(STDIN_FILENO) || !::isatty(STDOUT_FILENO))
        return fail("kmonctl top needs a terminal", ExitCode::failed, "kmonctl top --once prints one page");
    ::set_escdelay(50); // milliseconds to wait whether Esc begins the sequence of another key
    SCREEN* terminal = ::newterm(nullptr, stdout, stdin);
    if (!terminal) {
        const char* term = std::getenv("TERM");
        return fail(std::string("the terminal type ") + (term ? term : "(TERM is not set)") + " is unknown",
                    ExitCode::failed, "TERM=xterm kmonctl top, or kmonctl top --once");
    }
    if (colour) use_colours();
    ::cbreak();
    ::noecho();
    ::keypad(stdscr, TRUE);
    ::curs_set(0);
    return Screen(terminal);
}

Screen::Screen(Screen&& other) noexcept : terminal_(std::exchange(other.terminal_, nullptr)) {}

Screen::~Screen() {
    if (!terminal_) return;
    ::endwin();
    ::delscreen(static_cast<SCREEN*>(terminal_));
}

// ncurses has one global screen. These are members so that they can be called only while it is open.
// NOLINTBEGIN(readability-convert-member-functions-to-static)
std::size_t Screen::rows() const { return static_cast<std::size_t>(::getmaxy(stdscr)); }
std::size_t Screen::columns() const { return static_cast<std::size_t>(::getmaxx(stdscr)); }

void Screen::show(const Page& page) {
    ::erase();
    int row = 0;
    for (const auto& line : page) {
        ::move(row++, 0);
        for (const auto& span : line.spans()) {
            ::attr_set(attributes_of(span.style), pair_of(span.style), nullptr);
            ::addstr(span.text.c_str());
        }
    }
    ::refresh();
}

Screen::Key Screen::wait_for_key(std::chrono::milliseconds time, std::string* line) {
    ::timeout(static_cast<int>(time.count()));
    const int key = ::getch();
    if (line != nullptr) return type_into(*line, key);
    switch (key) {
    case 'q':
    case 'Q':
    case escape: return Key::quit;
    case 'p':
    case ' ': return Key::pause;
    case '?':
    case 'h': return Key::help;
    case 's': return Key::sort;
    case 'i': return Key::panel;
    case '/':
    case 'f': return Key::filter;
    case '+': return Key::faster;
    case '-': return Key::slower;
    case KEY_RESIZE: return Key::redraw;
    case control_l: ::clearok(stdscr, TRUE); return Key::redraw;
    default: return Key::none;
    }
}

// NOLINTEND(readability-convert-member-functions-to-static)

} // namespace kmon::cli
