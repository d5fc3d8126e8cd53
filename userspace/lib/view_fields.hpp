// SPDX-License-Identifier: GPL-2.0-only
// One line of a view: a flat JSON object whose fields are asked for by name and type.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "lines.hpp"
#include "result.hpp"

namespace kmon {

class View;

class Fields {
public:
    // The next line as an object. At the end of the file, no fields: see at_end().
    static Result<Fields> next(Lines& lines);

    // Of what Lines::next() gave.
    static Result<Fields> of(Lines& lines, const std::optional<std::string_view>& line);

    bool at_end() const { return object_.is_null(); }
    bool has(const char* key) const { return object_.contains(key); }

    // A missing key or a wrong type is remembered and reported by done(); the first one counts.
    Fields& get(const char* key, std::uint64_t& value);
    Fields& get(const char* key, bool& value); // true, false, 0 or 1
    Fields& get(const char* key, std::string& value);

    Result<void> done() const;
    Error wrong(const std::string& reason) const { return lines_->wrong(reason); }

private:
    Fields(const Lines& lines, nlohmann::json object) : lines_(&lines), object_(std::move(object)) {}

    const nlohmann::json* find(const char* key);
    void refuse(const char* key, const char* wanted);

    const Lines* lines_;
    nlohmann::json object_;
    std::string problem_;
};

// The first line of a view: it names the module, its version, which goes into the view, when it was loaded, and
// schema 1.
Result<Fields> first_line(Lines& lines, const std::string& module, View& view);

} // namespace kmon
