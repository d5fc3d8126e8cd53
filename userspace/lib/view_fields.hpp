// SPDX-License-Identifier: GPL-2.0-only
// One line of a view: a flat JSON object whose fields are read by name and type.
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
    // The next line as an object. At the end of the file it has no fields: see at_end().
    static Result<Fields> next(Lines& lines);

    // From a line that Lines::next() returned.
    static Result<Fields> of(Lines& lines, const std::optional<std::string_view>& line);

    bool at_end() const { return object_.is_null(); }
    bool has(const char* key) const { return object_.contains(key); }

    // A missing key or a wrong type is remembered, and done() reports the first one.
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

// Reads the first line of a view. Checks the module's name and the schema, and stores the version and the time of
// loading in the view.
Result<Fields> first_line(Lines& lines, const std::string& module, View& view);

} // namespace kmon
