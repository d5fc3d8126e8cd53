// SPDX-License-Identifier: GPL-2.0-only
// TOML as text: enough to know what is a string or a comment, and where a setting ends.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace kmon {

enum class Piece { plain, quoted, comment };

// Calls visit for the pieces of `text`, in their order, for as long as it returns true. A string on one line ends with
// the line where it is not closed.
void for_each_piece(std::string_view text,
                    const std::function<bool(Piece piece, std::size_t begin, std::size_t end)>& visit);

// A section's heading, or a key with its value, over several lines perhaps. Without blanks and comments around it.
struct Statement {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t values = 0; // that it has, at most
    bool closed = true;     // all its brackets are
};

void for_each_statement(std::string_view text, const std::function<void(const Statement& statement)>& visit);

struct StrayCharacter {
    std::size_t at;
    std::string what;
};

// The first character that may not stand where it does, of those that are not ASCII. toml++ 3.3 has undefined behaviour
// at many of them ("a = 1é", "a = 1'é"), so they are left to it only in a string where a value begins.
std::optional<StrayCharacter> stray_character(std::string_view text);

} // namespace kmon
