// SPDX-License-Identifier: GPL-2.0-only
#include "config_mistakes.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "config_text.hpp"
#include "escape.hpp"
#include "joined.hpp"
#include "parse_text.hpp"

namespace kmon {
namespace {

constexpr std::string_view blanks = " \t\r\n";

// A part of the text, with its position.
struct Part {
    std::string_view text;
    std::size_t at = 0;

    Part sub(std::size_t begin, std::size_t end = std::string_view::npos) const {
        begin = std::min(begin, text.size());
        return Part{text.substr(begin, end - begin), at + begin}.trimmed();
    }
    Part trimmed() const {
        const auto begin = std::min(text.find_first_not_of(blanks), text.size());
        const auto end = text.find_last_not_of(blanks);
        return {text.substr(begin, end == std::string_view::npos ? 0 : end + 1 - begin), at + begin};
    }
    // The first character of `wanted` that is not in quotes or in a comment.
    std::size_t find(std::string_view wanted) const {
        auto found = std::string_view::npos;
        for_each_piece(text, [&](Piece piece, std::size_t begin, std::size_t end) {
            if (piece == Piece::plain) found = text.substr(0, end).find_first_of(wanted, begin);
            return found == std::string_view::npos;
        });
        return found;
    }
};

bool is_key(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
               c == '.';
    });
}

bool is_quoted(std::string_view text) { return !text.empty() && (text.front() == '"' || text.front() == '\''); }

// Is it a TOML value that needs no quotes in this configuration?
bool is_literal(std::string_view text) {
    return text == "true" || text == "false" || parse_all<std::int64_t>(text) || parse_all<double>(text);
}

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

// What a value without quotes was probably meant to be.
std::string meant(std::string_view text) {
    constexpr std::array<std::string_view, 6> yes{"yes", "on", "True", "TRUE", "Yes", "On"};
    constexpr std::array<std::string_view, 6> no{"no", "off", "False", "FALSE", "No", "Off"};
    if (std::ranges::find(yes, text) != yes.end()) return "true";
    if (std::ranges::find(no, text) != no.end()) return "false";
    if (is_literal(text) || is_quoted(text) || text.starts_with('[')) return std::string(text);
    return in_quotes(text);
}

// The elements between commas, up to a ].
std::vector<Part> elements_in(Part rest) {
    std::vector<Part> elements;
    for (bool last = false; !last && !rest.text.empty();) {
        const auto end = rest.find(",]");
        last = end == std::string_view::npos || rest.text[end] == ']';
        const auto element = rest.sub(0, std::min(end, rest.text.size()));
        if (!element.text.empty()) elements.push_back(element);
        rest = rest.sub(std::min(end, rest.text.size() - 1) + 1);
    }
    return elements;
}

std::string as_list(const std::vector<Part>& elements) {
    return "[" + joined(elements, ", ", [](const Part& element) { return meant(element.text); }) + "]";
}

class Search {
public:
    Search(std::string_view text, std::size_t stopped) : text_(text), stopped_(stopped) {}

    // Looks at the statement where the parser stopped, or at the previous one if it stopped at the very start of one.
    std::optional<Mistake> run() {
        Here here;
        Here before;
        for_each_statement(text_, [&](const Statement& statement) {
            if (statement.begin > stopped_) return;
            before = std::exchange(here, {part_of(statement), here.section, statement.closed});
            if (is_heading(here.part)) here.section = section_name(here.part);
        });
        auto found = in_statement(here);
        if (!found && here.part.at == stopped_) found = in_statement(before);
        return found;
    }

private:
    struct Here {
        Part part;
        std::string section;
        bool closed = true;
    };

    static bool is_heading(const Part& part) { return part.text.starts_with('['); }

    Part part_of(const Statement& statement) const {
        return {text_.substr(statement.begin, statement.end - statement.begin), statement.begin};
    }

    std::optional<Mistake> in_statement(const Here& here) {
        section_ = here.section;
        if (here.part.text.empty()) return std::nullopt;
        return is_heading(here.part) ? in_heading(here.part) : in_setting(here.part, here.closed);
    }

    std::size_t line_of(std::size_t at) const {
        return static_cast<std::size_t>(std::ranges::count(text_.substr(0, at), '\n')) + 1;
    }

    static std::string section_name(const Part& heading) {
        const auto begin = std::min(heading.text.find_first_not_of("[ \t"), heading.text.size());
        const auto end = heading.text.find(']', begin);
        return std::string(heading.sub(begin, std::min(end, heading.text.size())).text);
    }

    Mistake mistake(std::size_t at, std::string key, std::string what) const {
        return {at, section_, std::move(key), std::move(what)};
    }

    std::optional<Mistake> in_heading(const Part& heading) const {
        if (heading.text.find(']') == std::string_view::npos && is_key(section_))
            return mistake(heading.at + heading.text.size(), "",
                           "missing ] after the section name; write: [" + excerpt(section_) + "]");
        if (const auto first = first_line([&](const Part& other, const std::string& section) {
                return is_heading(other) && section == section_ && other.at < heading.at;
            }))
            return mistake(heading.at, "",
                           "[" + excerpt(section_) + "] appears twice, first on line " + std::to_string(*first) +
                               "; put all its keys there");
        return std::nullopt;
    }

    std::optional<Mistake> in_setting(const Part& setting, bool closed) const {
        const auto equals = setting.find("=");
        if (equals == std::string_view::npos) return without_equals(setting);
        const auto key = setting.sub(0, equals);
        const auto value = setting.sub(equals + 1);
        if (!is_key(key.text)) return std::nullopt;
        if (value.text.empty()) return mistake(setting.at + equals, std::string(key.text), "missing value after the =");
        if (auto wrong = in_value(key, value, closed)) return wrong;
        return twice(key);
    }

    // "counter 5", "counter: 5"
    std::optional<Mistake> without_equals(const Part& setting) const {
        const auto end = std::min(setting.text.find_first_of(" \t\n:"), setting.text.size());
        const auto key = setting.sub(0, end);
        if (!is_key(key.text)) return std::nullopt;
        auto value = setting.sub(end);
        const bool colon = value.text.starts_with(':');
        const auto at = colon ? value.at : key.at + key.text.size();
        if (colon) value = value.sub(1);
        value = value.sub(0, std::min(value.text.find('\n'), value.text.size()));
        return mistake(at, std::string(key.text),
                       "missing = between key and value; write: " + excerpt(key.text) + " = " +
                           (value.text.empty() ? "VALUE" : excerpt(meant(value.text))));
    }

    std::optional<Mistake> in_value(const Part& key, const Part& value, bool closed) const {
        const auto wrong = [&](std::size_t at, std::string what, const std::string& instead) {
            return mistake(at, std::string(key.text),
                           std::move(what) + "; write: " + excerpt(key.text) + " = " + excerpt(instead));
        };
        if (value.text.starts_with('[')) {
            if (auto bare = bare_element(key, value)) return bare;
            if (!closed) return mistake(value.at, std::string(key.text), "this [ has no closing ]");
            return std::nullopt;
        }
        if (is_quoted(value.text)) {
            const auto line = value.text.substr(0, value.text.find('\n'));
            if (line.find(line.front(), 1) != std::string_view::npos) return std::nullopt;
            return wrong(value.at, "missing closing quote", in_quotes(line.substr(1)));
        }
        if (is_literal(value.text) || value.text.starts_with('{')) return std::nullopt;
        if (value.text.find_first_of("\"'=\n") != std::string_view::npos) return std::nullopt;
        const bool list = value.text.find(',') != std::string_view::npos;
        const auto instead = list ? as_list(elements_in(value)) : meant(value.text);
        auto bare =
            wrong(value.at, excerpt(value.text) + (list || is_quoted(instead) ? " needs quotes" : " is not valid TOML"),
                  instead);
        bare.bare_value = value.text;
        return bare;
    }

    // [eth0, "eth1"]
    std::optional<Mistake> bare_element(const Part& key, const Part& array) const {
        const auto elements = elements_in(array.sub(1));
        const auto bare = std::ranges::find_if(
            elements, [](const Part& element) { return is_key(element.text) && !is_literal(element.text); });
        if (bare == elements.end()) return std::nullopt;
        return mistake(bare->at, std::string(key.text),
                       excerpt(bare->text) + " needs quotes; write: " + excerpt(key.text) + " = " +
                           excerpt(as_list(elements)));
    }

    std::optional<Mistake> twice(const Part& key) const {
        const auto first = first_line([&](const Part& other, const std::string& section) {
            return other.at < key.at && section == section_ && !is_heading(other) &&
                   other.sub(0, other.find("=")).text == key.text;
        });
        if (!first) return std::nullopt;
        return mistake(key.at, std::string(key.text),
                       "duplicate key, first set on line " + std::to_string(*first) + "; keep one");
    }

    // The line of the first statement for which `is` is true.
    template <class Is>
    std::optional<std::size_t> first_line(const Is& is) const {
        std::optional<std::size_t> line;
        std::string section;
        for_each_statement(text_, [&](const Statement& statement) {
            if (line) return;
            const auto part = part_of(statement);
            if (is_heading(part)) section = section_name(part);
            if (is(part, section)) line = line_of(statement.begin);
        });
        return line;
    }

    std::string_view text_;
    std::size_t stopped_;
    std::string section_;
};

} // namespace

std::optional<Mistake> find_mistake(std::string_view text, std::size_t stopped) { return Search(text, stopped).run(); }

} // namespace kmon
