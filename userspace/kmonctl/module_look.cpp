// SPDX-License-Identifier: GPL-2.0-only
#include "module_look.hpp"

#include "control/requests.hpp"
#include "escape.hpp"
#include "format.hpp"
#include "snapshot.hpp"
#include "sysfs.hpp"

namespace kmon::cli {

namespace {

std::string settings_of(const LocalhostView& view) {
    return std::string(view.log_packets ? "logs packets" : "does not log packets") +
           (view.all_netns ? "; every network namespace" : "");
}

std::string settings_of(const L2View& view) {
    std::string names;
    for (const auto& interface : view.interfaces)
        names += (names.empty() ? "" : ", ") + printable(interface.name) + (interface.waiting ? " (waiting)" : "");
    const auto reset = view.reset_interval ? "text view reset every " + seconds(view.reset_interval)
                                           : std::string("text view never reset by itself");
    return (names.empty() ? "on no interface" : "on " + names) + "; " + reset;
}

std::string settings_of(const KstatView& view) {
    return std::string(view.running ? "started" : "stopped") + ", counter " + grouped(view.counter) +
           (view.all_netns ? "; every network namespace" : "");
}

std::string settings_of(const ProcessView& view) {
    if (!view.armed) return "sees no exit: the probe is switched off";
    if (!view.log) return "does not log exits";
    return view.log_rate ? "logs up to " + grouped(view.log_rate) + " exits a second" : "logs every exit";
}

template <class View>
std::string settings_of(const Result<View>& view) {
    return view ? settings_of(*view) : view.error().what;
}

std::string netmon_settings(const Root& root) {
    const auto name = read_parameter(root, "netmon_proc", "iface");
    if (!name) return name.error().what;
    return name->empty() ? "every interface but lo" : "interface " + printable(*name);
}

std::string settings(const Root& root, const std::string& module) {
    if (module == "localhost_monitor") return settings_of(read_localhost(root));
    if (module == "l2packet_counter") return settings_of(read_l2(root));
    if (module == "kstat") return settings_of(read_kstat(root));
    if (module == "netmon_proc") return netmon_settings(root);
    return settings_of(read_process(root));
}

} // namespace

ModulesLook look_at_modules(const Context& context, const Config& config) {
    ModulesLook look;
    auto answer = control::ask(context.root, control::Request::state);
    if (!answer && answer.error().code != ExitCode::not_running) look.silent = answer.error();
    look.report = answer ? std::move(*answer) : control::observe(context.root, config, context.network());
    for (const auto& module : look.report.modules) {
        const auto state = module_state(context.root, module.name);
        look.modules.push_back({module, state, state.loaded ? settings(context.root, module.name) : ""});
    }
    return look;
}

} // namespace kmon::cli
