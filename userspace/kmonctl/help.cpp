// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <sstream>
#include <utility>

#include "cli.hpp"
#include "command.hpp"
#include "escape.hpp"
#include "format.hpp"
#include "suggest.hpp"

namespace kmon::cli {

namespace {

// Does the same as `kmonctl COMMAND --help`. It needs a new command line: the present one has already parsed `help`.
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
        context.out << fitted_help(fresh->help(), context.columns);
    }
    return ExitCode::ok;
}

// The column where the description begins in a line of CLI11's help.
std::size_t words_at(const std::string& line) {
    const auto name = std::min(line.find_first_not_of(' '), line.size());
    const auto gap = line.find("  ", name);
    return gap == std::string::npos ? name : std::min(line.find_first_not_of(' ', gap), line.size());
}

} // namespace

std::string fitted_help(const std::string& help, std::size_t columns) {
    constexpr std::size_t least_room = 20;
    constexpr std::size_t small_indent = 6;
    std::istringstream lines(help);
    std::string text;
    for (std::string line; std::getline(lines, line);) {
        const auto at = words_at(line);
        const bool beside = at + least_room <= columns;
        // The description of this option is on the next line.
        const bool alone = at > 0 && at < small_indent && line.find_first_not_of(' ') == at;
        const auto indent = alone ? at + 2 : beside ? at : std::min(small_indent, at);
        const auto first = line.substr(0, at);
        if (width(line) <= columns) {
            text += line + '\n';
            continue;
        }
        if (const auto end = first.find_last_not_of(' ') + 1; !beside && end > 0) text += first.substr(0, end) + '\n';
        bool begun = !beside;
        for (const auto& part : wrapped(line.substr(at), columns - indent, columns - indent))
            text += (std::exchange(begun, true) ? std::string(indent, ' ') : first) + part + '\n';
    }
    return text;
}

void add_help(CLI::App& kmon, Context& context) {
    auto name = std::make_shared<std::string>();
    auto& command = add_command(kmon, context, "help", "Show the help of a command",
                                [&context, name] { return help(context, *name); });
    command.add_option("COMMAND", *name, "The command to explain");
}

} // namespace kmon::cli
