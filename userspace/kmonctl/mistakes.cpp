// SPDX-License-Identifier: GPL-2.0-only
#include "mistakes.hpp"

#include <algorithm>
#include <utility>

#include "format.hpp"

namespace kmon::cli {

// One line per mistake, for editors and other tools. On a terminal, wrap long lines between words.
void tell_mistakes(const Context& context, const ConfigReading& reading) {
    constexpr std::size_t indent = 2;
    for (const auto& line : reading.words()) {
        const auto room = context.err_is_terminal ? std::max(context.columns, indent + 1) : line.size() + indent;
        bool first = true;
        for (const auto& part : wrapped(line, room, room - indent))
            context.err << std::string(std::exchange(first, false) ? 0 : indent, ' ') << part << '\n';
    }
}

} // namespace kmon::cli
