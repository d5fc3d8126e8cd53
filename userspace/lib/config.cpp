// SPDX-License-Identifier: GPL-2.0-only
#include "config.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <system_error>

#include "config_toml.hpp"
#include "escape.hpp"
#include "file.hpp"
#include "joined.hpp"
#include "modules/module_table.hpp"
#include "recorder_keys.hpp"

namespace kmon {
namespace {

namespace fs = std::filesystem;

ConfigProblem problem_of(const fs::path& file, const Error& error) {
    const auto code = error.code == ExitCode::not_permitted ? ExitCode::not_permitted : ExitCode::bad_config;
    return {.file = file, .key = {}, .what = error.what, .allowed = {}, .code = code};
}

void add_file(const fs::path& file, ConfigReading& reading) {
    reading.files.push_back(file);
    const auto text = read_file(file, config_file_limit);
    if (text)
        read_config_text(*text, file, reading);
    else
        reading.add(problem_of(file, text.error()));
}

// As with systemd, a link to /dev/null masks a file of that name that a package ships.
bool is_masked(const fs::path& file) {
    struct stat about {};
    return ::stat(file.c_str(), &about) == 0 && S_ISCHR(about.st_mode) && about.st_rdev == makedev(1, 3);
}

bool is_drop_in(const fs::path& file) {
    const std::string name = file.filename().native();
    return name.ends_with(".toml") && !name.starts_with('.');
}

// Adds the files in the order of their names, compared byte by byte.
void add_drop_ins(const fs::path& directory, ConfigReading& reading) {
    std::error_code error;
    std::vector<fs::path> files;
    auto entry = fs::directory_iterator(directory, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
        if (is_drop_in(entry->path()) && !is_masked(entry->path())) files.push_back(entry->path());
    }
    if (error && error != std::errc::no_such_file_or_directory)
        reading.add(problem_of(directory, system_error("cannot read " + printable(directory.native()), error.value())));
    std::ranges::sort(files);
    for (const auto& file : files)
        add_file(file, reading);
}

} // namespace

Config::Config() {
    for (const auto& module : modules())
        for (const auto& key : keys_of(module))
            values.emplace(module.section + "." + key.name, key.standard);
    for (const auto& key : recorder_keys())
        values.emplace("recorder." + key.name, key.standard);
}

bool Config::enabled(const std::string& module) const {
    const auto* known = find_module(module);
    return known && get<bool>(known->section + ".enabled");
}

std::string ConfigProblem::text() const {
    if (line == 0) return what; // which names the file
    std::string text = printable(file.native()) + ":" + std::to_string(line) + ":" + std::to_string(column) + ": ";
    if (!key.empty()) text += key + ": ";
    text += what;
    if (!allowed.empty()) text += "; allowed: " + allowed;
    return text;
}

void ConfigReading::add(ConfigProblem problem) {
    if (problems.size() < most_problems)
        problems.push_back(std::move(problem));
    else
        ++more;
}

std::vector<std::string> ConfigReading::words() const {
    std::vector<std::string> lines;
    for (const auto& problem : problems)
        lines.push_back(problem.text());
    if (more > 0) lines.push_back("and " + std::to_string(more) + " more");
    return lines;
}

ConfigReading read_config(const Root& root) {
    ConfigReading reading;
    const auto file = root.etc / "kmon.toml";
    std::error_code ignored;
    if (fs::symlink_status(file, ignored).type() != fs::file_type::not_found) add_file(file, reading);
    add_drop_ins(root.etc / "kmon.toml.d", reading);
    return reading;
}

ConfigReading read_config_file(const fs::path& file) {
    ConfigReading reading;
    add_file(file, reading);
    return reading;
}

Result<Config> config_of(const ConfigReading& reading) {
    if (reading.problems.empty()) return reading.config;
    const bool denied = std::ranges::count(reading.problems, ExitCode::not_permitted, &ConfigProblem::code) > 0;
    const auto code = denied ? ExitCode::not_permitted : ExitCode::bad_config;
    return fail(joined(reading.words(), "\n"), code,
                code == ExitCode::not_permitted ? "become root (sudo)" : "man kmon.toml lists all keys");
}

Result<Config> load_config(const Root& root) { return config_of(read_config(root)); }

} // namespace kmon
