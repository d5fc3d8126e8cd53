// SPDX-License-Identifier: GPL-2.0-only
#include "keeper.hpp"

#include <syslog.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "escape.hpp"
#include "file.hpp"
#include "loading.hpp"

namespace kmon::control {
namespace {

constexpr const char* l2 = "l2packet_counter";

// Or just coming, or going.
bool has_a_directory(const Root& root, const std::string& module) { return is_there(root.sys / "module" / module); }

} // namespace

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
        return has_a_directory(root_, module) && !module_instance(root_, module);
    });
}

Report Keeper::report() const {
    Report report{.by = "kmond", .modules = {}};
    for (const std::string name : module_names) {
        ModuleReport module{.name = name, .wanted = config_.enabled(name)};
        module.loaded = module_instance(root_, name).has_value();
        const auto kept = modules_.find(name);
        if (module.wanted && kept != modules_.end()) module.problem = kept->second.problem;
        if (module.wanted && module.loaded) {
            module.differences = differences(root_, config_, name);
            if (name == l2) module.waits_for = words_on_waiting(watched_);
            if (name == l2 && !module.problem) module.problem = interface_problem_;
        }
        report.modules.push_back(std::move(module));
    }
    return report;
}

std::vector<std::string> Keeper::enabled_modules() const {
    std::vector<std::string> modules;
    for (const std::string module : module_names) {
        if (config_.enabled(module)) modules.push_back(module);
    }
    return modules;
}

// ---- a module that comes or goes

void Keeper::look_at(const std::string& module) {
    auto& kept = modules_[module];
    const auto instance = module_instance(root_, module);
    if (instance && instance != kept.instance) set_up(module, *instance);
    if (instance || has_a_directory(root_, module)) return;
    kept.instance.reset();
    if (!kept.told_missing) tell_missing(module);
}

void Keeper::set_up(const std::string& module, ino_t instance) {
    auto& kept = modules_[module];
    kept = {.instance = instance, .problem = {}};
    forget_refusal(root_, module);
    Transaction transaction(root_);
    for (const auto& setting : settings_of(config_, module)) {
        const auto written = transaction.set(setting);
        if (written && *written) tell_written(setting);
        if (written || written.error().code == ExitCode::not_running) continue; // gone again: the next look tells
        kept.problem = written.error();
        tell_refused(module, written.error());
    }
    journal_({Topic::module_ready, LOG_INFO, module + " runs", {{"KMON_MODULE", module}}});
    if (module == l2) follow_interfaces(true);
}

void Keeper::tell_missing(const std::string& module) {
    auto& kept = modules_[module];
    kept.told_missing = true;
    kept.problem = why_missing(root_, module);
    journal_({Topic::module_missing,
              LOG_WARNING,
              module + " does not run: " + sentence(*kept.problem),
              {{"KMON_MODULE", module}, {"KMON_CURE", kept.problem->hint}}});
}

// ---- another configuration

Result<void> Keeper::reload(const Config& config) {
    const auto old = std::exchange(config_, config);
    Transaction transaction(root_);
    std::vector<Setting> written;
    auto done = set_all(transaction, written);
    if (done) done = set_watched(transaction, written);
    if (!done) return fail(undo(transaction, old, done.error()));
    for (const auto& setting : written)
        tell_written(setting);
    adopt(old);
    return {};
}

// Of the modules that run. Those that do not get theirs when they come.
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

// An interface that goes at this moment is waited for, and what the default route leads to is not the configuration's
// fault: follow_interfaces() deals with both.
Result<void> Keeper::set_watched(Transaction& transaction, std::vector<Setting>& written) {
    const auto& wanted = config_.l2packet_counter;
    if (!wanted.enabled || wanted.follow_default_route || !module_instance(root_, l2)) return {};
    const auto network = network_();
    if (!network) return fail(network.error());
    const auto now = read_parameter(root_, l2, "interface");
    if (!now) return {};
    const auto value = interface_to_write(watched_interfaces(wanted, *network), *now, true);
    if (!value) return {};
    const Setting setting{l2, "interface", *value};
    const auto set = transaction.set(setting);
    if (!set && set.error().system == EINVAL) return fail(set.error());
    if (set && *set) written.push_back(setting);
    return {};
}

Error Keeper::undo(Transaction& transaction, const Config& old, Error why) {
    config_ = old;
    why.what += "; the old settings are in force";
    for (const auto& error : transaction.roll_back())
        why.what += "; but " + error.what;
    refresh();
    return why;
}

// The new configuration is in force: what that means for the modules which it turned on or off.
void Keeper::adopt(const Config& old) {
    refused_.reset();
    for (const std::string module : module_names) {
        auto& kept = modules_[module];
        kept = {.instance = module_instance(root_, module), .problem = {}};
        if (!old.enabled(module) || config_.enabled(module) || !kept.instance) continue;
        journal_({Topic::module_ready,
                  LOG_NOTICE,
                  module + " is no longer enabled, but loaded: it runs on until modprobe -r " + module,
                  {{"KMON_MODULE", module}}});
    }
    for (const auto& module : enabled_modules())
        look_at(module);
    follow_interfaces(true);
}

// ---- the interfaces of l2packet_counter

void Keeper::follow_interfaces(bool new_configuration) {
    if (!config_.l2packet_counter.enabled || !modules_[l2].instance) return;
    const auto network = network_();
    const auto now = read_parameter(root_, l2, "interface");
    if (!network) interface_problem_ = network.error();
    if (!network || !now) return;

    const auto before = std::exchange(watched_, watched_interfaces(config_.l2packet_counter, *network));
    tell_waiting(before);
    const auto value = interface_to_write(watched_, *now, new_configuration);
    if (value && refused_ == watched_) return; // the kernel log need not hear it again
    interface_problem_.reset();
    refused_.reset();
    if (!value || *value == *now) return;

    const auto done = watch(*value);
    // ENODEV: it went at this moment; the next event tells.
    if (done || done.error().system == ENODEV || done.error().code == ExitCode::not_running) return;
    interface_problem_ = done.error();
    if (done.error().system == EINVAL) interface_problem_->hint = "name Ethernet interfaces in /etc/kmon.toml";
    refused_ = watched_;
    tell_refused(l2, *interface_problem_);
    if (watched_.there.size() > 1) watch_those_taken();
}

Result<void> Keeper::watch(const std::string& interfaces) {
    const Setting setting{l2, "interface", interfaces};
    auto done = write_parameter(root_, setting);
    if (done) tell_written(setting);
    return done;
}

// One that is refused does not keep the others from being watched.
void Keeper::watch_those_taken() {
    std::vector<std::string> taken;
    for (const auto& name : watched_.there) {
        taken.push_back(name);
        if (!write_parameter(root_, {l2, "interface", join_interfaces(taken)})) taken.pop_back();
    }
}

void Keeper::tell_waiting(const Watched& before) const {
    if (watched_ == before) return;
    const auto tell = [&](const std::string& what, const std::string& interface) {
        journal_({Topic::interface_missing,
                  LOG_NOTICE,
                  std::string(l2) + " waits for " + what,
                  {{"KMON_MODULE", l2}, {"KMON_INTERFACE", interface}}});
    };
    if (watched_.no_route && !before.no_route) tell("a default route", "auto");
    for (const auto& name : watched_.missing) {
        if (std::ranges::find(before.missing, name) == before.missing.end()) tell(printable(name), name);
    }
}

// ---- words

void Keeper::tell_written(const Setting& setting) const {
    if (setting.module == l2 && setting.parameter == "interface") {
        journal_({Topic::interface_followed,
                  LOG_INFO,
                  setting.module +
                      (setting.value.empty() ? " watches no interface" : " watches " + printable(setting.value)),
                  {{"KMON_MODULE", l2}, {"KMON_INTERFACE", setting.value}}});
        return;
    }
    journal_({Topic::setting_written,
              LOG_INFO,
              to_string(setting),
              {{"KMON_MODULE", setting.module}, {"KMON_PARAMETER", setting.parameter}, {"KMON_VALUE", setting.value}}});
}

void Keeper::tell_refused(const std::string& module, const Error& error) const {
    journal_({Topic::setting_refused, LOG_ERR, sentence(error), {{"KMON_MODULE", module}, {"KMON_CURE", error.hint}}});
}

} // namespace kmon::control
