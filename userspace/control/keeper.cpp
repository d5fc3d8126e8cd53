// SPDX-License-Identifier: GPL-2.0-only
#include "keeper.hpp"

#include <syslog.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "escape.hpp"
#include "load_errors.hpp"
#include "loading.hpp"
#include "modules/module_table.hpp"

namespace kmon::control {

void Keeper::start(const Config& config) {
    config_ = config;
    refresh();
}

void Keeper::refresh() {
    for (const auto& module : enabled_modules())
        look_at(module);
    follow_interfaces(false);
}

bool Keeper::unsettled() const {
    return std::ranges::any_of(enabled_modules(), [&](const auto& module) {
        return is_in_sysfs(root_, module) && !module_instance(root_, module);
    });
}

Report Keeper::report() const {
    Report report{.by = "kmond", .modules = {}};
    for (const auto& known : modules()) {
        auto module = observe(root_, config_, known);
        const auto kept = modules_.find(known.name);
        if (module.wanted && module.loaded && kept != modules_.end()) add_what_happened(known, kept->second, module);
        report.modules.push_back(std::move(module));
    }
    return report;
}

// Adds what the module's files do not show.
void Keeper::add_what_happened(const Module& module, const Kept& kept, ModuleReport& report) const {
    if (!kept.instance) return; // not set up yet
    if (kept.problem) report.problem = kept.problem;
    if (module.watches.empty()) return;
    if (!report.problem) report.problem = kept.interface_problem;
    if (kept.interface_problem)
        report.waits_for = words_on_waiting(kept.watched);
    else
        look_at_interfaces(root_, module, kept.watched, report);
}

bool Keeper::follows_default_route() const {
    return std::ranges::any_of(modules(), [&](const auto& module) {
        return !module.watches.empty() && control::follows_default_route(interfaces_wanted(config_, module));
    });
}

std::vector<std::string> Keeper::enabled_modules() const {
    std::vector<std::string> modules;
    for (const auto& module : module_names()) {
        if (config_.enabled(module)) modules.push_back(module);
    }
    return modules;
}

// ---- a module that comes or goes

void Keeper::look_at(const std::string& module) {
    auto& kept = modules_[module];
    const auto instance = module_instance(root_, module);
    if (instance && instance != kept.instance) set_up(module, *instance);
    if (instance || is_in_sysfs(root_, module)) return;
    kept.instance.reset();
    if (!kept.told_missing) tell_missing(module);
}

void Keeper::set_up(const std::string& module, ino_t instance) {
    auto& kept = modules_[module];
    kept = {.instance = instance, .problem = {}, .watched = std::move(kept.watched)};
    forget_refusal(root_, module);
    Transaction transaction(root_);
    for (const auto& setting : settings_of(config_, module)) {
        const auto written = transaction.set(setting);
        if (written && *written) tell_written(setting);
        if (written || written.error().code == ExitCode::not_running)
            continue; // unloaded again: the next look reports it
        kept.problem = written.error();
        tell_refused(module, written.error());
    }
    journal_({Topic::module_ready, LOG_INFO, module + " is running", {{"KMON_MODULE", module}}});
    if (const auto* known = find_module(module); !known->watches.empty()) follow_interfaces(*known, true);
}

void Keeper::tell_missing(const std::string& module) {
    auto& kept = modules_[module];
    kept.told_missing = true;
    kept.problem = why_missing(root_, module);
    journal_({Topic::module_missing,
              LOG_WARNING,
              module + " is not running: " + sentence(*kept.problem),
              {{"KMON_MODULE", module}, {"KMON_CURE", kept.problem->hint}}});
}

// ---- another configuration

Result<void> Keeper::reload(const Config& config) {
    const auto old = std::exchange(config_, config);
    Transaction transaction(root_);
    std::vector<Setting> written;
    auto done = set_all(transaction, written);
    for (const auto& module : modules())
        if (done && !module.watches.empty()) done = set_watched(module, transaction, written);
    if (!done) return fail(undo(transaction, old, done.error()));
    for (const auto& setting : written)
        tell_written(setting);
    adopt(old);
    return {};
}

// Sets the parameters of the loaded modules. The others get theirs when they are loaded.
Result<void> Keeper::set_all(Transaction& transaction, std::vector<Setting>& written) {
    for (const auto& module : enabled_modules()) {
        if (!module_instance(root_, module)) continue;
        for (const auto& setting : settings_of(config_, module)) {
            const auto set = transaction.set(setting);
            if (!set && set.error().code != ExitCode::not_running) return fail(set.error());
            if (set && *set) written.push_back(setting);
        }
    }
    return {};
}

// If an interface disappears right now, or the default route leads to one that cannot be watched, that is not an error
// of the configuration: follow_interfaces() handles both.
Result<void> Keeper::set_watched(const Module& module, Transaction& transaction, std::vector<Setting>& written) {
    const auto& wanted = interfaces_wanted(config_, module);
    if (!config_.enabled(module.name) || control::follows_default_route(wanted) || !module_instance(root_, module.name))
        return {};
    const auto network = network_();
    if (!network) return fail(network.error());
    const auto now = read_parameter(root_, module.name, module.watches);
    if (!now) return {};
    const auto value = interface_to_write(watched_interfaces(wanted, *network), *now, true);
    if (!value) return {};
    const Setting setting{module.name, module.watches, *value};
    const auto set = transaction.set(setting);
    if (!set && set.error().system == EINVAL) return fail(set.error());
    if (set && *set) written.push_back(setting);
    return {};
}

Error Keeper::undo(Transaction& transaction, const Config& old, Error why) {
    config_ = old;
    why.what += "; the old settings stay in force";
    for (const auto& error : transaction.roll_back())
        why.what += "; but " + error.what;
    refresh();
    return why;
}

// The new configuration is in force: handles the modules that it enabled or disabled.
void Keeper::adopt(const Config& old) {
    for (const auto& module : module_names()) {
        auto& kept = modules_[module];
        kept = {.instance = module_instance(root_, module), .problem = {}, .watched = std::move(kept.watched)};
        if (!old.enabled(module) || config_.enabled(module) || !kept.instance) continue;
        journal_({Topic::module_ready,
                  LOG_NOTICE,
                  module + " is disabled but still loaded; to unload it: modprobe -r " + module,
                  {{"KMON_MODULE", module}}});
    }
    for (const auto& module : enabled_modules())
        look_at(module);
    follow_interfaces(true);
}

// ---- the interfaces that modules watch

void Keeper::follow_interfaces(bool new_configuration) {
    for (const auto& module : modules())
        if (!module.watches.empty()) follow_interfaces(module, new_configuration);
}

void Keeper::follow_interfaces(const Module& module, bool new_configuration) {
    auto& kept = modules_[module.name];
    if (!config_.enabled(module.name) || !kept.instance) return;
    const auto network = network_();
    const auto now = read_parameter(root_, module.name, module.watches);
    if (!network) kept.interface_problem = network.error();
    if (!network || !now) return;

    const auto before = std::exchange(kept.watched, watched_interfaces(interfaces_wanted(config_, module), *network));
    tell_waiting(module.name, before, kept.watched);
    const auto value = interface_to_write(kept.watched, *now, new_configuration);
    if (value && kept.refused == kept.watched) return; // do not repeat the refusal in the kernel log
    kept.interface_problem.reset();
    kept.refused.reset();
    if (!value || *value == *now) return;

    const auto done = watch(module, *value);
    // ENODEV: it just disappeared; the next event reports that.
    if (done || done.error().system == ENODEV || done.error().code == ExitCode::not_running) return;
    kept.interface_problem = done.error();
    if (done.error().system == EINVAL) kept.interface_problem->hint = "name Ethernet interfaces in /etc/kmon.toml";
    kept.refused = kept.watched;
    tell_refused(module.name, *kept.interface_problem);
    if (kept.watched.there.size() > 1) watch_those_taken(module, kept.watched);
}

Result<void> Keeper::watch(const Module& module, const std::string& interfaces) {
    auto done = write_parameter(root_, {module.name, module.watches, interfaces});
    if (done) tell_watched(module.name, interfaces);
    return done;
}

// Watches the interfaces that the module accepts, even if it refuses another.
void Keeper::watch_those_taken(const Module& module, const Watched& watched) const {
    std::vector<std::string> taken;
    for (const auto& name : watched.there) {
        taken.push_back(name);
        if (!write_parameter(root_, {module.name, module.watches, join_interfaces(taken)})) taken.pop_back();
    }
}

void Keeper::tell_waiting(const std::string& module, const Watched& before, const Watched& now) const {
    if (now == before) return;
    const auto tell = [&](const std::string& what, const std::string& interface) {
        journal_({Topic::interface_missing,
                  LOG_NOTICE,
                  module + " is waiting for " + what,
                  {{"KMON_MODULE", module}, {"KMON_INTERFACE", interface}}});
    };
    if (now.no_route && !before.no_route) tell("a default route", "auto");
    for (const auto& name : now.missing) {
        if (std::ranges::find(before.missing, name) == before.missing.end()) tell(printable(name), name);
    }
}

// ---- messages

void Keeper::tell_watched(const std::string& module, const std::string& interfaces) const {
    journal_({Topic::interface_followed,
              LOG_INFO,
              module + (interfaces.empty() ? " watches no interface" : " watches " + printable(interfaces)),
              {{"KMON_MODULE", module}, {"KMON_INTERFACE", interfaces}}});
}

void Keeper::tell_written(const Setting& setting) const {
    const auto* module = find_module(setting.module);
    if (module && !module->watches.empty() && setting.parameter == module->watches)
        return tell_watched(setting.module, setting.value);
    journal_({Topic::setting_written,
              LOG_INFO,
              to_string(setting),
              {{"KMON_MODULE", setting.module}, {"KMON_PARAMETER", setting.parameter}, {"KMON_VALUE", setting.value}}});
}

void Keeper::tell_refused(const std::string& module, const Error& error) const {
    journal_({Topic::setting_refused, LOG_ERR, sentence(error), {{"KMON_MODULE", module}, {"KMON_CURE", error.hint}}});
}

} // namespace kmon::control
