// SPDX-License-Identifier: GPL-2.0-only
#include "config_text.hpp"

#include <algorithm>
#include <array>

#include "escape.hpp"

namespace kmon {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

std::size_t quotes_at(std::string_view text, std::size_t at) {
    const auto end = text.find_first_not_of(text[at], at);
    return std::min(end, text.size()) - at;
}

// The offset after a one-line string, which ends at its quote or, if that is missing, with the line.
std::size_t after_string(std::string_view text, std::size_t at) {
    const char quote = text[at];
    for (++at; at < text.size() && text[at] != '\n'; ++at) {
        if (text[at] == quote) return at + 1;
        if (text[at] == '\\' && quote == '"') ++at;
    }
    return at;
}

// The offset after a string in three quotes. Up to two more quotes before the closing ones are part of it.
std::size_t after_long_string(std::string_view text, std::size_t at) {
    constexpr std::size_t closing = 3;
    const char quote = text[at];
    for (at += closing; at < text.size();) {
        if (text[at] == '\\' && quote == '"') {
            at += 2;
        } else if (text[at] == quote) {
            const auto quotes = quotes_at(text, at);
            if (quotes >= closing) return at + std::min<std::size_t>(quotes, closing + 2);
            at += quotes;
        } else {
            ++at;
        }
    }
    return at;
}

std::size_t after_quoted(std::string_view text, std::size_t at) {
    const auto end = quotes_at(text, at) >= 3 ? after_long_string(text, at) : after_string(text, at);
    return std::min(end, text.size());
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Builds the statements, character by character.
class Statements {
public:
    explicit Statements(const std::function<void(const Statement&)>& visit) : visit_(visit) {}

    void take_quoted(std::size_t begin, std::size_t end) {
        start(begin, false);
        now_.end = end;
    }

    void take(char c, std::size_t at) {
        if (c == '\n' && (depth_ == 0 || heading_)) return finish();
        if (is_blank(c)) return;
        start(at, c == '[');
        now_.end = at + 1;
        if (c == '[' || c == '{') ++depth_;
        if ((c == ']' || c == '}') && depth_ > 0) --depth_;
        if (c == '[' || c == '{' || c == '=' || c == ',') ++now_.values;
    }

    void finish() {
        now_.closed = depth_ == 0;
        if (open_) visit_(now_);
        open_ = false;
    }

private:
    void start(std::size_t at, bool heading) {
        if (open_) return;
        open_ = true;
        now_ = {.begin = at};
        heading_ = heading;
        depth_ = 0;
    }

    const std::function<void(const Statement&)>& visit_;
    Statement now_;
    bool open_ = false;
    bool heading_ = false;
    std::size_t depth_ = 0;
};

// Tracks whether a value can begin: after the = of a key and, in an array, after [ and each comma.
class ValueStart {
public:
    bool here() const { return here_; }

    void take_quoted() {
        here_ = false;
        begun_ = true;
    }

    void take(char c) {
        if (c == '\n' && depth_ == 0) *this = {};
        if (is_blank(c)) return;
        if (c == '=') {
            here_ = begun_ && !equals_ && depth_ == 0;
            equals_ = true;
        } else if (c == '[' && here_) {
            ++depth_;
        } else if (c == ']' && depth_ > 0) {
            --depth_;
            here_ = false;
        } else {
            here_ = c == ',' && depth_ > 0;
        }
        begun_ = true;
    }

private:
    bool here_ = false;
    bool begun_ = false; // the statement
    bool equals_ = false;
    std::size_t depth_ = 0; // of the array
};

std::string what_is(std::string_view character) {
    constexpr std::array<std::string_view, 8> quotes{"\u201c", "\u201d", "\u201e", "\u2018",
                                                     "\u2019", "\u201a", "\u00ab", "\u00bb"};
    if (std::ranges::find(quotes, character) != quotes.end()) return "a typographic quote; write a plain one: \"";
    if (character.empty()) return "a byte that is not UTF-8";
    return "a non-ASCII character outside comments and quotes";
}

// The first character in [at, end) that is not ASCII and, if UTF-8 is allowed there, not valid UTF-8.
std::optional<StrayCharacter> find_in(std::string_view text, std::size_t at, std::size_t end, bool utf8) {
    while (at < end) {
        const auto length = utf8_length(text.substr(at, end - at));
        if (length != 1 && (length == 0 || !utf8)) return StrayCharacter{at, what_is(text.substr(at, length))};
        at += length;
    }
    return std::nullopt;
}

} // namespace

void for_each_piece(std::string_view text,
                    const std::function<bool(Piece piece, std::size_t begin, std::size_t end)>& visit) {
    std::size_t at = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
    while (at < text.size()) {
        const auto next = std::min(text.find_first_of("\"'#", at), text.size());
        if (next > at && !visit(Piece::plain, at, next)) return;
        if (next == text.size()) return;
        const bool comment = text[next] == '#';
        at = comment ? std::min(text.find('\n', next), text.size()) : after_quoted(text, next);
        if (!visit(comment ? Piece::comment : Piece::quoted, next, at)) return;
    }
}

void for_each_statement(std::string_view text, const std::function<void(const Statement& statement)>& visit) {
    Statements statements(visit);
    for_each_piece(text, [&](Piece piece, std::size_t begin, std::size_t end) {
        if (piece == Piece::quoted) statements.take_quoted(begin, end);
        for (auto at = begin; piece == Piece::plain && at < end; ++at)
            statements.take(text[at], at);
        return true;
    });
    statements.finish();
}

std::optional<StrayCharacter> stray_character(std::string_view text) {
    std::optional<StrayCharacter> stray;
    ValueStart value;
    for_each_piece(text, [&](Piece piece, std::size_t begin, std::size_t end) {
        if (piece == Piece::comment) return true;
        stray = find_in(text, begin, end, piece == Piece::quoted && value.here());
        if (piece == Piece::quoted) value.take_quoted();
        for (auto at = begin; piece == Piece::plain && at < end; ++at)
            value.take(text[at]);
        return !stray;
    });
    return stray;
}

} // namespace kmon
