// SPDX-License-Identifier: GPL-2.0-only
#include "load_errors.hpp"

#include <filesystem>
#include <sstream>
#include <system_error>

#include "file.hpp"
#include "kernel_module.hpp"

namespace kmon {

namespace {

std::filesystem::path place(const Root& root) { return root.run / "kmon/load-errors"; }

} // namespace

LoadErrors read_load_errors(const Root& root) {
    LoadErrors errors;
    std::istringstream lines(read_file(place(root)).value_or(""));
    std::string name;
    int error = 0;
    while (lines >> name >> error)
        errors[name] = error;
    return errors;
}

void write_load_errors(const Root& root, const LoadErrors& errors) {
    std::error_code ignored;
    std::filesystem::create_directories(place(root).parent_path(), ignored);
    std::string text;
    for (const auto& [name, error] : errors)
        text += name + ' ' + std::to_string(error) + '\n';
    (void)replace_file(place(root), text, 0644);
}

Error why_missing(const Root& root, const std::string& module) {
    const auto errors = read_load_errors(root);
    const auto error = errors.find(module);
    auto why = why_not_loaded(root, module_state(root, module), error == errors.end() ? 0 : error->second);
    if (why.code == ExitCode::not_running) why.hint = "kmonctl apply";
    return why;
}

} // namespace kmon
