// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>

#include "cli.hpp"
#include "command.hpp"
#include "escape.hpp"
#include "suggest.hpp"

namespace kmon::cli {

namespace {

// As `kmonctl COMMAND --help` does, by a command line of its own: the one at work has seen `help` already.
Result<ExitCode> help(Context& context, const std::string& name) {
    const auto fresh = command_line(context);
    std::vector<std::string> names;
    for (const auto* command : fresh->get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(command->get_name());
    if (!name.empty() && std::ranges::find(names, name) == names.end()) {
        const auto meant = nearest(name, names);
        return fail("unknown command '" + printable(name) + "'" +
                        (meant.empty() ? "" : "; did you mean '" + meant + "'?"),
                    ExitCode::usage);
    }
    std::vector<const char*> words = {"kmonctl"};
    if (!name.empty()) words.push_back(name.c_str());
    words.push_back("--help");
    try {
        fresh->parse(static_cast<int>(words.size()), words.data());
    } catch (const CLI::CallForHelp&) {
        context.out << fresh->help();
    }
    return ExitCode::ok;
}

} // namespace

void add_help(CLI::App& kmon, Context& context) {
    auto name = std::make_shared<std::string>();
    auto& command = add_command(kmon, context, "help", "Show the help of a command",
                                [&context, name] { return help(context, *name); });
    command.add_option("COMMAND", *name, "The command to explain");
}

} // namespace kmon::cli
