// SPDX-License-Identifier: GPL-2.0-only
#include <cerrno>

#include "command.hpp"
#include "file.hpp"
#include "view_json.hpp"

namespace kmon::cli {

namespace {

struct TextView {
    const char* module;
    const char* file; // under /proc
};

// netmon_proc counts nothing itself, so there is nothing to reset.
constexpr TextView text_views[] = {
    {"localhost_monitor", "localhost_stats"},
    {"l2packet_counter", "l2packet_counter"},
    {"kstat", "kstat/nout"},
    {"process_monitor", "process_monitor"},
};

Result<void> reset_one(const Root& root, const TextView& view) {
    auto done = write_file(root.proc / view.file, "reset");
    if (!done && (done.error().system == ENOENT || done.error().system == EIO))
        return fail(std::string(view.module) + " is not loaded: there is no " + (root.proc / view.file).string(),
                    ExitCode::not_running, "kmonctl status tells why, and what to do");
    return done;
}

// Without a name: every module that is there. One that fails does not keep the others.
Result<int> reset(Context& context, const std::string& module) {
    if (module == "netmon_proc")
        return fail("netmon_proc has nothing to reset: it shows the kernel's own figures", ExitCode::usage);

    Result<int> outcome = ExitCode::ok;
    Json done = Json::array();
    for (const auto& view : text_views) {
        if (!module.empty() && module != view.module) continue;
        const auto reset = reset_one(context.root, view);
        if (reset)
            done.push_back(view.module);
        else if (outcome && (!module.empty() || reset.error().code != ExitCode::not_running))
            outcome = fail(reset.error());
    }
    if (outcome && done.empty())
        return fail("no module is loaded that could be reset", ExitCode::not_running,
                    "kmonctl status tells why, and what to do");

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
        add_command(kmon, context, "reset", "Zero what the text files in /proc show; kmon's own figures stay",
                    [&context, module] { return reset(context, *module); });
    add_module_argument(command, *module, "This module's only");
}

} // namespace kmon::cli
