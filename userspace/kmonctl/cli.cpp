// SPDX-License-Identifier: GPL-2.0-only
#include "cli.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>

#include "command.hpp"
#include "escape.hpp"
#include "file.hpp"
#include "joined.hpp"
#include "modules/module_table.hpp"
#include "stop_signals.hpp"
#include "suggest.hpp"

namespace kmon::cli {

namespace {

void tell(std::ostream& err, const Error& error) {
    err << "kmonctl: " << error.what << '\n';
    if (!error.hint.empty()) err << "  " << error.hint << '\n';
}

// CLI11's own message would only say that a command is missing.
std::optional<std::string> unknown_command(CLI::App& app, int argc, const char* const* argv) {
    const std::string word = argc > 1 ? argv[1] : "";
    std::vector<std::string> commands;
    for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
        commands.push_back(command->get_name());
    if (word.empty() || word.front() == '-' || std::ranges::find(commands, word) != commands.end()) return std::nullopt;
    const auto meant = nearest(word, commands);
    return "unknown command '" + printable(word) + "'" + (meant.empty() ? "" : "; did you mean '" + meant + "'?");
}

// CLI11's own message would only say that it did not expect a word.
std::optional<std::string> unknown_option(const CLI::App& app, int argc, const char* const* argv) {
    const auto commands = app.get_subcommands();
    std::vector<std::string> known;
    for (const auto* option : (commands.empty() ? &app : commands.front())->get_options())
        for (const auto& name : option->get_lnames())
            known.push_back("--" + name);
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--") break;
        const auto name = word.substr(0, word.find('='));
        if (!name.starts_with("--") || std::ranges::find(known, name) != known.end()) continue;
        const auto meant = nearest(name, known);
        return "unknown option '" + printable(name) + "'" + (meant.empty() ? "" : "; did you mean '" + meant + "'?");
    }
    return std::nullopt;
}

// Monitoring systems call `alert`. To them 1 is WARNING and 2 is CRITICAL, so any failure must be 3, UNKNOWN.
bool is_for_monitoring(int argc, const char* const* argv) {
    const auto* const end = argv + argc;
    const auto* const command =
        std::find_if(std::min(argv + 1, end), end, [](const char* word) { return *word != '-'; });
    return command != end && std::string_view(*command) == "alert";
}

// CLI11's messages may repeat what was typed: escape that, but keep the line breaks.
std::string harmless(const std::string& words) {
    std::string text;
    for (const char c : words)
        text += c == '\n' ? "\n" : printable({&c, 1});
    return text;
}

ExitCode parse(CLI::App& app, Context& context, int argc, const char* const* argv) {
    const bool for_monitoring = is_for_monitoring(argc, argv);
    try {
        app.parse(argc, argv);
        return ExitCode::ok;
    } catch (const CLI::CallForHelp&) {
        context.out << fitted_help(app.help(), context.columns);
    } catch (const CLI::CallForVersion& version) {
        context.out << version.what() << '\n';
    } catch (const CLI::ParseError& error) {
        auto why = unknown_command(app, argc, argv);
        if (!why && dynamic_cast<const CLI::ExtrasError*>(&error)) why = unknown_option(app, argc, argv);
        if (!why) why = harmless(error.what());
        if (for_monitoring) context.out << no_verdict_line(*why);
        context.err << "kmonctl: " << *why
                    << "\nkmonctl --help lists the commands, kmonctl COMMAND --help their options.\n";
        return for_monitoring ? no_verdict : ExitCode::usage;
    } catch (const std::exception& error) { // out of memory, for example
        context.err << "kmonctl: " << error.what() << '\n';
        return for_monitoring ? no_verdict : ExitCode::failed;
    }
    return ExitCode::ok;
}

// Failing to write is an error, unless the reader left early.
ExitCode close_output(Context& context, ExitCode code, ExitCode failure) {
    if (context.out.flush() || context.write_error() == EPIPE) return code;
    if (!wait_with_reader(std::chrono::milliseconds(0), context.out_descriptor)) return code;
    tell(context.err, system_error("cannot write to standard output", context.write_error()));
    return code == ExitCode::ok ? failure : code;
}

} // namespace

CLI::App& add_command(CLI::App& kmon, Context& context, const std::string& name, const std::string& description,
                      Action action) {
    auto& command = *kmon.add_subcommand(name, description);
    command.add_flag("-j,--json", context.json, "Print JSON instead of text");
    command
        .add_option_function<std::string>(
            "--color",
            [&context](const std::string& when) {
                if (when != "auto") context.colour = when == "always";
            },
            "When to use colours: auto (the default), always or never")
        ->type_name("WHEN")
        ->check(CLI::IsMember({"auto", "always", "never"}));
    command.callback([&context, action = std::move(action)] { context.outcome = action(); });
    return command;
}

CLI::Option* add_module_argument(CLI::App& command, std::string& module, const std::string& description) {
    // The names go into the description, which can be wrapped, instead of CLI11's list, which would be too long for a
    // line.
    const auto names = module_names();
    return command.add_option("MODULE", module, description + ": " + joined(names))
        ->check(CLI::IsMember(names).description(""));
}

std::unique_ptr<CLI::App> command_line(Context& context) {
    auto app = std::make_unique<CLI::App>("Inspect and control kmon's kernel modules.", "kmonctl");
    app->set_version_flag("--version", std::string("kmonctl ") + kmon::version);
    app->require_subcommand(1);
    add_status(*app, context);
    add_stats(*app, context);
    add_top(*app, context);
    add_exits(*app, context);
    add_macs(*app, context);
    add_metrics(*app, context);
    add_history(*app, context);
    add_alert(*app, context);
    add_check(*app, context);
    add_load(*app, context);
    add_apply(*app, context);
    add_reset(*app, context);
    add_kstat(*app, context);
    add_start(*app, context);
    add_stop(*app, context);
    add_doctor(*app, context);
    add_selftest(*app, context);
    add_version(*app, context);
    add_help(*app, context);
    app->footer("The exit status is 0: ok, 1: failed, 2: usage, 3: a module or the service is not running, "
                "4: not permitted, 78: bad configuration. See kmonctl(1).");
    return app;
}

ExitCode run(Context& context, int argc, const char* const* argv) {
    const auto app = command_line(context);
    ExitCode code = parse(*app, context, argc, argv);
    if (!context.outcome) {
        context.out.flush();
        tell(context.err, context.outcome.error());
        return context.outcome.error().code;
    }
    if (code == ExitCode::ok) code = *context.outcome;
    return close_output(context, code, is_for_monitoring(argc, argv) ? no_verdict : ExitCode::failed);
}

} // namespace kmon::cli
