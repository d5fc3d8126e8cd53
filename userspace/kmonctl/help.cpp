// SPDX-License-Identifier: GPL-2.0-only
#include "command.hpp"
#include "escape.hpp"
#include "suggest.hpp"

namespace kmon::cli {

namespace {

Result<int> help(const CLI::App& kmon, Context& context, const std::string& name) {
    if (name.empty()) {
        context.out << kmon.help();
        return ExitCode::ok;
    }
    std::vector<std::string> names;
    for (const auto* command : kmon.get_subcommands([](const CLI::App*) { return true; })) {
        names.push_back(command->get_name());
        if (command->get_name() != name) continue;
        context.out << command->help();
        return ExitCode::ok;
    }
    const auto meant = nearest(name, names);
    return fail("there is no command '" + printable(name) + "'" +
                    (meant.empty() ? "" : "; did you mean '" + meant + "'?"),
                ExitCode::usage);
}

} // namespace

void add_help(CLI::App& kmon, Context& context) {
    auto name = std::make_shared<std::string>();
    auto& command = add_command(kmon, context, "help", "Show the help of a command",
                                [&kmon, &context, name] { return help(kmon, context, *name); });
    command.add_option("COMMAND", *name, "This command's");
}

} // namespace kmon::cli
