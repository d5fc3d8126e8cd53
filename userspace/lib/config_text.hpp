// SPDX-License-Identifier: GPL-2.0-only
// Splits TOML text, just enough to know what is a string or a comment, and where a setting ends.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace kmon {

enum class Piece { plain, quoted, comment };

// Calls visit for the pieces of `text`, in order, as long as it returns true. An unclosed one-line string ends with the
// line.
void for_each_piece(std::string_view text,
                    const std::function<bool(Piece piece, std::size_t begin, std::size_t end)>& visit);

// A section's heading, or a key with its value, possibly over several lines. Without surrounding blanks and comments.
struct Statement {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t values = 0; // how many values it has at most
    bool closed = true;     // all its brackets are closed
};

void for_each_statement(std::string_view text, const std::function<void(const Statement& statement)>& visit);

struct StrayCharacter {
    std::size_t at;
    std::string what;
};

// The first non-ASCII character in a place where it is not allowed. toml++ 3.3 has undefined behaviour for many of them
// ("a = 1é", "a = 1'é"), so it gets to see them only in comments and in strings that begin a value.
std::optional<StrayCharacter> stray_character(std::string_view text);

} // namespace kmon
