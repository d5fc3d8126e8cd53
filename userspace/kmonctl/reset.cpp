// SPDX-License-Identifier: GPL-2.0-only
#include <cerrno>

#include "command.hpp"
#include "file.hpp"
#include "json.hpp"
#include "modules/module_table.hpp"

namespace kmon::cli {

namespace {

Result<void> reset_one(const Root& root, const Module& module) {
    const auto file = root.proc / module.reset_file;
    auto done = write_file(file, "reset");
    if (!done && (done.error().system == ENOENT || done.error().system == EIO))
        return fail(module.name + " is not loaded: there is no " + file.string(), ExitCode::not_running, ask_status);
    return done;
}

// Without a name, resets every loaded module. If one fails, the others are still reset.
Result<ExitCode> reset(Context& context, const std::string& only) {
    if (const auto* module = find_module(only); module && module->reset_file.empty())
        return fail(only + " has nothing to reset: it shows the kernel's own figures", ExitCode::usage);

    Result<ExitCode> outcome = ExitCode::ok;
    Json done = Json::array();
    for (const auto& module : modules()) {
        if (module.reset_file.empty() || (!only.empty() && only != module.name)) continue;
        const auto reset = reset_one(context.root, module);
        if (reset)
            done.push_back(module.name);
        else if (outcome && (!only.empty() || reset.error().code != ExitCode::not_running))
            outcome = fail(reset.error());
    }
    if (outcome && done.empty())
        return fail("no module that can be reset is loaded", ExitCode::not_running, ask_status);

    if (context.json)
        context.out << to_text({{"reset", done}}) << '\n';
    else
        for (const auto& name : done)
            context.err << "reset: " << name.get<std::string>() << '\n';
    return outcome;
}

} // namespace

void add_reset(CLI::App& kmon, Context& context) {
    auto module = std::make_shared<std::string>();
    auto& command =
        add_command(kmon, context, "reset", "Zero the text views in /proc; the JSON views keep their counts",
                    [&context, module] { return reset(context, *module); });
    add_module_argument(command, *module, "Only this module");
}

} // namespace kmon::cli
