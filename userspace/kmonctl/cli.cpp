// SPDX-License-Identifier: GPL-2.0-only
#include "cli.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>

#include "command.hpp"
#include "escape.hpp"
#include "file.hpp"
#include "modules/module_table.hpp"
#include "stop_signals.hpp"
#include "suggest.hpp"

namespace kmon::cli {

namespace {

void tell(std::ostream& err, const Error& error) {
    err << "kmonctl: " << error.what << '\n';
    if (!error.hint.empty()) err << "  " << error.hint << '\n';
}

// CLI11 would only say that a command is missing.
std::optional<std::string> unknown_command(CLI::App& app, int argc, const char* const* argv) {
    const std::string word = argc > 1 ? argv[1] : "";
    std::vector<std::string> commands;
    for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
        commands.push_back(command->get_name());
    if (word.empty() || word.front() == '-' || std::ranges::find(commands, word) != commands.end()) return std::nullopt;
    const auto meant = nearest(word, commands);
    return "there is no command '" + printable(word) + "'" + (meant.empty() ? "" : "; did you mean '" + meant + "'?");
}

int parse(CLI::App& app, Context& context, int argc, const char* const* argv) {
    try {
        app.parse(argc, argv);
        return ExitCode::ok;
    } catch (const CLI::CallForHelp&) {
        context.out << app.help();
    } catch (const CLI::CallForVersion& version) {
        context.out << version.what() << '\n';
    } catch (const CLI::ParseError& error) {
        context.err << "kmonctl: " << unknown_command(app, argc, argv).value_or(error.what())
                    << "\nkmonctl --help shows the commands, kmonctl COMMAND --help its options.\n";
        return ExitCode::usage;
    }
    return ExitCode::ok;
}

// What was written must have arrived, but nobody is obliged to read to the end.
int close_output(Context& context, int code) {
    if (context.out.flush() || context.write_error() == EPIPE) return code;
    if (!wait_with_reader(std::chrono::milliseconds(0), context.out_descriptor)) return code;
    tell(context.err, system_error("cannot write to standard output", context.write_error()));
    return code == ExitCode::ok ? static_cast<int>(ExitCode::failed) : code;
}

} // namespace

CLI::App& add_command(CLI::App& kmon, Context& context, const std::string& name, const std::string& description,
                      Action action) {
    auto& command = *kmon.add_subcommand(name, description);
    command.add_flag("--json", context.json, "JSON instead of text");
    command.callback([&context, action = std::move(action)] { context.outcome = action(); });
    return command;
}

CLI::Option* add_module_argument(CLI::App& command, std::string& module, const std::string& description) {
    return command.add_option("MODULE", module, description)->check(CLI::IsMember(module_names()));
}

std::unique_ptr<CLI::App> command_line(Context& context) {
    auto app = std::make_unique<CLI::App>("Shows and steers what kmon's five kernel modules count.", "kmonctl");
    app->set_version_flag("--version", std::string("kmonctl ") + kmon::version);
    app->require_subcommand(1);
    add_status(*app, context);
    add_stats(*app, context);
    add_top(*app, context);
    add_exits(*app, context);
    add_check(*app, context);
    add_apply(*app, context);
    add_reset(*app, context);
    add_start(*app, context);
    add_stop(*app, context);
    add_doctor(*app, context);
    add_selftest(*app, context);
    add_version(*app, context);
    app->footer("The exit status is 0: ok, 1: failed, 2: usage, 3: a module or the service is not running,\n"
                "4: not permitted, 78: bad configuration. See kmonctl(1).");
    return app;
}

int run(Context& context, int argc, const char* const* argv) {
    const auto app = command_line(context);
    int code = parse(*app, context, argc, argv);
    if (!context.outcome) {
        context.out.flush();
        tell(context.err, context.outcome.error());
        return context.outcome.error().code;
    }
    if (code == ExitCode::ok) code = *context.outcome;
    return close_output(context, code);
}

} // namespace kmon::cli
