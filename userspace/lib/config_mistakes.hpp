// SPDX-License-Identifier: GPL-2.0-only
// The commonest mistakes of who writes TOML by hand, in words that say what to write. The parser's own words are about
// its grammar.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace kmon {

struct Mistake {
    std::size_t at = 0; // where it is, a byte of the text
    std::string section;
    std::string key; // empty where it is no key's
    std::string what;
    std::string bare_value{}; // what is written without quotes
};

// text: what the parser does not take; stopped: where it stopped. Nothing where it is none of the common ones.
std::optional<Mistake> find_mistake(std::string_view text, std::size_t stopped);

} // namespace kmon
