// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <utility>

#include "control/module_look.hpp"
#include "doctor.hpp"
#include "escape.hpp"
#include "file.hpp"
#include "modules/module_table.hpp"
#include "version.hpp"

namespace kmon::cli {

namespace {

Finding look_at_config(const ConfigReading& config) {
    const std::string subject = "configuration";
    if (!config.problems.empty())
        return {subject, Finding::bad, config.problems.front().text(),
                "edit " + printable(config.problems.front().file.string()) + ", then: kmonctl check"};
    if (config.files.empty()) return {subject, Finding::good, "no file: using the defaults", ""};
    return {subject, Finding::good, "good", ""};
}

Finding look_at_module(const Root& root, const control::ModuleLook& module) {
    const auto& state = module.state;
    const auto& report = module.report;
    const auto& name = report.name;
    if (!report.loaded && !report.wanted) return {name, Finding::skipped, "not loaded, as configured", ""};
    if (!report.loaded && !report.problem) return {name, Finding::bad, "it is not loaded", "kmonctl apply"};
    if (report.problem) return {name, Finding::bad, report.problem->what, report.problem->hint};
    const auto running = printable(state.loaded_version);
    if (state.reload_needed())
        return {name, Finding::bad,
                "version " + running + " is running, " + printable(state.instead()) + " is installed", load_anew(name)};
    if (state.loaded_version != kmon::version)
        return {name, Finding::bad, "version " + running + " is running, this is kmon " + kmon::version,
                "install the same version of kmon and its modules"};
    if (state.signer.empty() && !state.file.empty() && signatures_wanted(root)) {
        const auto why = why_not_loaded(root, state, ENOKEY);
        return {name, Finding::warning, "running, but its file is not signed and this kernel requires signatures",
                why.hint};
    }
    return {name, Finding::good, running + (state.signer.empty() ? "" : ", signed by " + printable(state.signer)), ""};
}

Finding look_at_service(const Context& context, const control::ModulesLook& look) {
    const std::string subject = kmon_service;
    const auto service = context.service(subject);
    if (!service) return {subject, Finding::skipped, service.error().what, ""};
    if (service->load == "not-found") return {subject, Finding::skipped, "not installed", ""};
    const auto status = printable(service->status);
    if (service->active == "failed") return {subject, Finding::bad, "failed", "journalctl -u kmon -n 20"};
    if (service->active != "active" && service->active != "reloading")
        return {subject, Finding::bad, service->active, "systemctl start kmon"};
    if (look.silent) return {subject, Finding::bad, look.silent->what, look.silent->hint};
    if (const auto* first = look.report.first_problem(); first != nullptr || status.starts_with("degraded"))
        return {subject, Finding::bad, status, first ? first->problem->hint : "kmonctl status"};
    if (service->enabled == "disabled")
        return {subject, Finding::warning, "running, but not enabled at boot", "systemctl enable kmon"};
    return {subject, Finding::good, status.empty() ? service->active : status, ""};
}

// A parameter that somebody set by hand, or with `kmonctl kstat stop`, is only a warning.
Finding look_at_settings(const control::Report& report) {
    const std::string subject = "settings";
    if (std::ranges::none_of(report.modules, [](const auto& m) { return m.wanted && m.loaded; }))
        return {subject, Finding::skipped, "no module to compare with the configuration", ""};
    for (const auto& module : report.modules)
        for (const auto& one : module.differences)
            return {subject, Finding::warning,
                    module.name + " " + one.parameter + " is " + printable(one.is) + ", the configuration says " +
                        printable(one.configured),
                    one.at_load ? load_anew(module.name) : "kmonctl apply"};
    return {subject, Finding::good, "as configured", ""};
}

Finding look_at_interface(const Root& root, const Module& watching, const control::Report& report) {
    const std::string subject = "watched interface";
    const auto now = read_parameter(root, watching.name, watching.watches);
    const auto* module = report.find(watching.name);
    if (!module || !module->wanted || !now) return {subject, Finding::skipped, "none", ""};
    if (!module->waits_for.empty())
        return {subject, Finding::warning, "waiting for " + module->waits_for,
                module->waits_for == "a default route" ? "ip route" : "ip link"};
    return {subject, Finding::good, now->empty() ? "none, as configured" : printable(*now), ""};
}

// The services that are off until somebody enables them. If its service fails too often, a socket gives up until it is
// restarted.
void look_at_optional_services(const Context& context, Findings& findings) {
    for (const std::string unit : {"kmon-exporter.socket", "kmon-exporter.service", "kmon-recorder.service"}) {
        const auto service = context.service(unit);
        if (service && service->active == "failed")
            findings.push_back({unit, Finding::bad,
                                "failed; the reason: journalctl -n 20 -u " + unit.substr(0, unit.find('.')),
                                "systemctl restart " + unit});
    }
}

// Somebody has set [exporter] listen, and kmon-exporter.socket as it was installed listens elsewhere: the file is there
// while it does. Nothing: so it is not.
std::optional<Finding> look_at_listen(const Root& root, const Config::Exporter& exporter) {
    const Config::Exporter usual;
    const auto is_there = [](const std::filesystem::path& path) {
        std::error_code ignored;
        return std::filesystem::exists(path, ignored);
    };
    const auto unit = root.etc / "systemd/system/kmon-exporter.socket";
    if ((exporter.host == usual.host && exporter.port == usual.port) || !is_there(root.run / "kmon-exporter.sock") ||
        is_there(unit) || is_there(unit.native() + ".d"))
        return std::nullopt;
    return Finding{"kmon-exporter", Finding::warning,
                   "it listens at 127.0.0.1:9778, as kmon-exporter.socket says; listen of [exporter] has no effect",
                   "systemctl edit kmon-exporter.socket"};
}

} // namespace

Findings look_at_system(const Context& context, const ConfigReading& config) {
    Findings findings = {look_at_config(config)};
    const auto look = control::look_at_modules(context.root, config.config, context.network);
    for (const auto& module : look.modules)
        findings.push_back(look_at_module(context.root, module));
    findings.push_back(look_at_service(context, look));
    look_at_optional_services(context, findings);
    if (config.problems.empty()) {
        if (auto listen = look_at_listen(context.root, config.config.exporter)) findings.push_back(std::move(*listen));
        findings.push_back(look_at_settings(look.report));
        for (const auto& module : modules())
            if (!module.watches.empty()) findings.push_back(look_at_interface(context.root, module, look.report));
    }
    return findings;
}

} // namespace kmon::cli
