// SPDX-License-Identifier: GPL-2.0-only
#include "view_fields.hpp"

#include "modules/module.hpp"

namespace kmon {

Result<Fields> Fields::next(Lines& lines) {
    const auto line = lines.next();
    if (!line) return fail(line.error());
    return of(lines, *line);
}

Result<Fields> Fields::of(Lines& lines, const std::optional<std::string_view>& line) {
    if (!line) return Fields(lines, nullptr);

    auto object = nlohmann::json::parse(*line, nullptr, /*allow_exceptions=*/false);
    if (!object.is_object()) return fail(lines.wrong("not a JSON object"));
    return Fields(lines, std::move(object));
}

const nlohmann::json* Fields::find(const char* key) {
    const auto field = object_.find(key);
    if (field != object_.end()) return &*field;
    if (problem_.empty()) problem_ = std::string("\"") + key + "\" is missing";
    return nullptr;
}

void Fields::refuse(const char* key, const char* wanted) {
    if (problem_.empty()) problem_ = std::string("\"") + key + "\" is not " + wanted;
}

Fields& Fields::get(const char* key, std::uint64_t& value) {
    if (const auto* field = find(key)) {
        if (field->is_number_unsigned())
            value = field->get<std::uint64_t>();
        else
            refuse(key, "a whole number from 0 to 2^64-1");
    }
    return *this;
}

Fields& Fields::get(const char* key, bool& value) {
    if (const auto* field = find(key)) {
        if (field->is_boolean())
            value = field->get<bool>();
        else if (field->is_number_unsigned() && field->get<std::uint64_t>() <= 1)
            value = field->get<std::uint64_t>() == 1;
        else
            refuse(key, "true or false");
    }
    return *this;
}

Fields& Fields::get(const char* key, std::string& value) {
    if (const auto* field = find(key)) {
        if (field->is_string())
            value = field->get<std::string>();
        else
            refuse(key, "a string");
    }
    return *this;
}

Result<void> Fields::done() const {
    if (!problem_.empty()) return fail(wrong(problem_));
    return {};
}

Result<Fields> first_line(Lines& lines, const std::string& module, View& view) {
    auto fields = Fields::next(lines);
    if (!fields) return fields;
    if (fields->at_end()) return fail(lines.wrong("the file is empty"));

    std::string name;
    std::uint64_t schema = 0;
    fields->get("module", name).get("version", view.version).get("schema", schema);
    // An older module, from before an upgrade of the tools, lacks it.
    if (fields->has("loaded")) fields->get("loaded", view.since);
    if (const auto done = fields->done(); !done) return fail(done.error());
    if (name != module) return fail(lines.wrong("this is the view of \"" + name + "\", not of " + module));
    if (schema != 1) {
        auto error = lines.wrong(module + " " + view.version + " writes schema " + std::to_string(schema) +
                                 ", this kmon reads schema 1");
        error.hint = "install the same version of kmon and its modules, then load the modules again";
        return fail(std::move(error));
    }
    return fields;
}

} // namespace kmon
