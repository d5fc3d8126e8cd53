// SPDX-License-Identifier: GPL-2.0-only
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>

#include "command.hpp"
#include "config_json.hpp"
#include "config_toml.hpp"
#include "file.hpp"
#include "mistakes.hpp"

namespace kmon::cli {

namespace {

void show_text(Context& context, const ConfigReading& reading) {
    tell_mistakes(context, reading);
    if (!reading.problems.empty()) return;
    for (const auto& file : reading.files)
        context.out << file.string() << ": good\n";
    if (reading.files.empty()) context.out << "no configuration file: using the defaults\n";
}

void show_json(Context& context, const ConfigReading& reading) {
    Json files = Json::array();
    for (const auto& file : reading.files)
        files.push_back(file.string());
    Json problems = Json::array();
    for (const auto& problem : reading.problems)
        problems.push_back(to_json(problem));
    Json result = {{"ok", problems.empty()}, {"files", std::move(files)}};
    if (problems.empty()) result["config"] = to_json(reading.config);
    result["problems"] = std::move(problems);
    result["more_problems"] = reading.more;
    context.out << to_text(result) << '\n';
}

// Reads to the end, with the same limit as for a file.
Result<std::string> read_standard_input() {
    std::string text;
    std::array<char, 4096> piece{};
    for (;;) {
        const auto got = ::read(STDIN_FILENO, piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail(system_error("cannot read standard input", errno));
        if (got == 0) return text;
        text.append(piece.data(), static_cast<std::size_t>(got));
        if (text.size() > config_file_limit)
            return fail("standard input is longer than " + std::to_string(config_file_limit) + " bytes",
                        ExitCode::bad_config);
    }
}

Result<ConfigReading> read(const Context& context, const std::optional<std::string>& file) {
    if (!file) return read_config(context.root);
    if (file->empty()) return fail("the file name is empty", ExitCode::usage);
    if (*file != "-") return read_config_file(*file);
    const auto text = read_standard_input();
    if (!text) return fail(text.error());
    ConfigReading reading;
    reading.files.emplace_back("standard input");
    read_config_text(*text, reading.files.front(), reading);
    return reading;
}

Result<ExitCode> check(Context& context, const std::optional<std::string>& file) {
    const auto read_one = read(context, file);
    if (!read_one) return fail(read_one.error());
    const auto& reading = *read_one;
    if (context.json)
        show_json(context, reading);
    else
        show_text(context, reading);
    return reading.problems.empty() ? ExitCode::ok : reading.problems.front().code;
}

} // namespace

void add_check(CLI::App& kmon, Context& context) {
    auto file = std::make_shared<std::string>();
    auto given = std::make_shared<CLI::Option*>(nullptr);
    auto& command = add_command(kmon, context, "check", "Check the configuration", [&context, file, given] {
        return check(context, (*given)->count() ? std::optional(*file) : std::nullopt);
    });
    *given = command.add_option(
        "FILE", *file,
        "Check this file only (-: standard input) instead of /etc/kmon.toml and /etc/kmon.toml.d/*.toml");
}

} // namespace kmon::cli
