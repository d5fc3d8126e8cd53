// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>

#include "doctor.hpp"
#include "escape.hpp"
#include "file.hpp"
#include "kmond/network.hpp"
#include "settings.hpp"
#include "version.hpp"

namespace kmon::cli {

namespace {

Finding look_at_config(const ConfigReading& config) {
    const std::string subject = "configuration";
    if (!config.problems.empty())
        return {subject, Finding::bad, config.problems.front().text(),
                "edit " + printable(config.problems.front().file.string()) + ", then: kmonctl check"};
    if (config.files.empty()) return {subject, Finding::good, "there is no file: the defaults hold", ""};
    return {subject, Finding::good, "good", ""};
}

// Does the kernel take signed modules only?
bool signatures_wanted(const Root& root) {
    if (first_line_of(root.sys / "module/module/parameters/sig_enforce") == "Y") return true;
    const auto lockdown = first_line_of(root.sys / "kernel/security/lockdown");
    return lockdown.find('[') != std::string::npos && lockdown.find("[none]") == std::string::npos;
}

Finding look_at_module(const Root& root, const Config& config, const std::string& name) {
    const auto state = module_state(root, name);
    if (!state.loaded && !config.enabled(name)) return {name, Finding::skipped, "not loaded, as configured", ""};
    if (!state.loaded) {
        const auto why = why_not_loaded(root, state);
        return {name, Finding::bad, why.what, why.hint};
    }
    const auto running = printable(state.loaded_version);
    if (state.reload_needed())
        return {name, Finding::bad, "version " + running + " runs, " + printable(state.instead()) + " is installed",
                "modprobe -r " + name + " && kmonctl apply"};
    if (state.loaded_version != kmon::version)
        return {name, Finding::bad, "version " + running + " runs, this kmon is " + kmon::version,
                "install kmon and its modules in the same version"};
    if (state.signer.empty() && !state.file.empty() && signatures_wanted(root)) {
        const auto why = why_not_loaded(root, state);
        return {name, Finding::warning, "runs, but its file is not signed and this kernel wants signatures", why.hint};
    }
    return {name, Finding::good, running + (state.signer.empty() ? "" : ", signed by " + printable(state.signer)), ""};
}

Finding look_at_service(const Context& context) {
    const std::string subject = "kmon.service";
    const auto service = context.service();
    if (!service) return {subject, Finding::skipped, service.error().what, ""};
    if (service->load == "not-found") return {subject, Finding::skipped, "not installed", ""};
    const auto status = printable(service->status);
    if (service->active == "failed") return {subject, Finding::bad, "failed", "journalctl -u kmon -n 20"};
    if (service->active != "active" && service->active != "reloading")
        return {subject, Finding::bad, service->active, "systemctl start kmon"};
    if (status.find("degraded") != std::string::npos) return {subject, Finding::bad, status, "kmonctl status"};
    if (service->enabled == "disabled")
        return {subject, Finding::warning, "runs, but will not at the next boot", "systemctl enable kmon"};
    return {subject, Finding::good, status.empty() ? service->active : status, ""};
}

// The first parameter that is not as configured.
Finding look_at_settings(const Root& root, const Config& config) {
    const std::string subject = "settings";
    std::size_t compared = 0;
    for (const std::string module : module_names) {
        if (!config.enabled(module) || !module_instance(root, module)) continue;
        for (const auto& setting : settings_of(config, module)) {
            const auto now = read_parameter(root, module, setting.parameter);
            if (!now) return {subject, Finding::skipped, now.error().what, ""};
            ++compared;
            if (*now != setting.value)
                return {subject, Finding::bad,
                        module + " " + setting.parameter + " is " + printable(*now) + ", the configuration says " +
                            printable(setting.value),
                        "kmonctl apply"};
        }
    }
    if (compared == 0) return {subject, Finding::skipped, "no module to compare with the configuration", ""};
    return {subject, Finding::good, "as configured", ""};
}

std::string joined(const std::vector<std::string>& names) {
    std::string list;
    for (const auto& name : names)
        list += (list.empty() ? "" : ", ") + printable(name);
    return list;
}

Finding look_at_interface(const Root& root, const Config& config) {
    const std::string subject = "watched interface";
    const auto now = read_parameter(root, "l2packet_counter", "interface");
    if (!config.enabled("l2packet_counter") || !now) return {subject, Finding::skipped, "none", ""};
    const auto network = kmond::ask_network();
    if (!network) return {subject, Finding::skipped, network.error().what, ""};
    const auto watched = watched_interfaces(config.l2packet_counter, *network);
    if (watched.no_route)
        return {subject, Finding::warning, "\"auto\", and there is no default route: nothing is watched", "ip route"};
    if (!watched.missing.empty())
        return {subject, Finding::warning, joined(watched.missing) + " is not there; it is waited for", "ip link"};
    if (const auto wanted = interface_to_write(watched, *now, true))
        return {subject, Finding::bad,
                "\"" + printable(*now) + "\", the configuration means \"" + printable(*wanted) + "\"", "kmonctl apply"};
    return {subject, Finding::good, now->empty() ? "none, as configured" : printable(*now), ""};
}

} // namespace

Findings look_at_system(const Context& context, const ConfigReading& config) {
    Findings findings = {look_at_config(config)};
    for (const auto* name : module_names)
        findings.push_back(look_at_module(context.root, config.config, name));
    findings.push_back(look_at_service(context));
    if (config.problems.empty()) {
        findings.push_back(look_at_settings(context.root, config.config));
        findings.push_back(look_at_interface(context.root, config.config));
    }
    return findings;
}

} // namespace kmon::cli
