// SPDX-License-Identifier: GPL-2.0-only
#include "command.hpp"
#include "config_json.hpp"

namespace kmon::cli {

namespace {

void show_text(Context& context, const ConfigReading& reading) {
    for (const auto& problem : reading.problems)
        context.err << problem.text() << '\n';
    if (!reading.problems.empty()) return;
    for (const auto& file : reading.files)
        context.out << file.string() << ": good\n";
    if (reading.files.empty()) context.out << "there is no configuration file: the defaults hold\n";
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
    context.out << to_text(result) << '\n';
}

Result<int> check(Context& context, const std::string& file) {
    const auto reading = file.empty() ? read_config(context.root) : read_config_file(file);
    if (context.json)
        show_json(context, reading);
    else
        show_text(context, reading);
    return reading.problems.empty() ? static_cast<int>(ExitCode::ok) : reading.problems.front().code;
}

} // namespace

void add_check(CLI::App& kmon, Context& context) {
    auto file = std::make_shared<std::string>();
    auto& command = add_command(kmon, context, "check", "Check the configuration",
                                [&context, file] { return check(context, *file); });
    command.add_option("FILE", *file, "This file alone, instead of /etc/kmon.toml and /etc/kmon.toml.d/*.toml");
}

} // namespace kmon::cli
