// SPDX-License-Identifier: GPL-2.0-only
// Explains the most common mistakes in hand-written TOML, and says what to write. The parser's own messages are about
// its grammar.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace kmon {

struct Mistake {
    std::size_t at = 0; // its byte offset in the text
    std::string section;
    std::string key; // empty if no key is concerned
    std::string what;
    std::string bare_value{}; // a value that was written without quotes
};

// text: what the parser refused; stopped: where it stopped. Returns nothing if it is not a common mistake.
std::optional<Mistake> find_mistake(std::string_view text, std::size_t stopped);

} // namespace kmon
