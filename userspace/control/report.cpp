// SPDX-License-Identifier: GPL-2.0-only
#include "report.hpp"

#include <algorithm>

#include "escape.hpp"
#include "joined.hpp"
#include "load_errors.hpp"
#include "modules/module_table.hpp"

namespace kmon::control {
namespace {

Error in_between() {
    return {"it is just being loaded or unloaded", ExitCode::not_running, "try kmonctl status again in a moment"};
}

void look_at_settings(const Root& root, const std::vector<Setting>& settings, bool at_load, ModuleReport& report) {
    for (const auto& setting : settings) {
        const auto now = read_parameter(root, setting.module, setting.parameter);
        if (now && *now != setting.value)
            report.differences.push_back({setting.parameter, *now, setting.value, at_load});
        else if (!now && lacks_parameter(now.error()) && !is_default(setting))
            report.problem = no_such_parameter(setting);
    }
}

// A field in the answer of another process, which may be of another version.
template <class T>
T field(const Json& json, const char* key, T otherwise) {
    const auto found = json.find(key);
    if (found == json.end()) return otherwise;
    if constexpr (std::is_same_v<T, std::string>)
        return found->is_string() ? found->template get<T>() : otherwise;
    else if constexpr (std::is_same_v<T, bool>)
        return found->is_boolean() ? found->template get<T>() : otherwise;
    else
        return found->is_number_integer() ? found->template get<T>() : otherwise;
}

ModuleReport module_from_json(const std::string& name, const Json& json) {
    ModuleReport module{.name = name};
    module.wanted = field(json, "wanted", true);
    module.loaded = field(json, "loaded", false);
    module.waits_for = field(json, "waits_for", std::string());
    if (const auto all = json.find("differences"); all != json.end() && all->is_array())
        for (const auto& one : *all)
            if (one.is_object())
                module.differences.push_back({field(one, "parameter", std::string()), field(one, "is", std::string()),
                                              field(one, "configured", std::string()), field(one, "at_load", false)});
    if (const auto problem = json.find("problem"); problem != json.end() && problem->is_object())
        module.problem = error_from_json(*problem);
    return module;
}

} // namespace

const ModuleReport* Report::find(const std::string& module) const {
    const auto found = std::ranges::find(modules, module, &ModuleReport::name);
    return found == modules.end() ? nullptr : &*found;
}

const ModuleReport* Report::first_problem() const {
    const auto found = std::ranges::find_if(modules, [](const auto& module) { return module.problem.has_value(); });
    return found == modules.end() ? nullptr : &*found;
}

Report observe(const Root& root, const Config& config, const Result<Network>& network) {
    Report report{.by = "kmonctl", .modules = {}};
    for (const auto& known : modules()) {
        auto module = observe(root, config, known);
        if (module.wanted && module.loaded && !known.watches.empty()) {
            if (network)
                look_at_interfaces(root, known, watched_interfaces(interfaces_wanted(config, known), *network), module);
            else
                module.problem = network.error();
        }
        report.modules.push_back(std::move(module));
    }
    return report;
}

ModuleReport observe(const Root& root, const Config& config, const Module& module) {
    const auto& name = module.name;
    ModuleReport report{.name = name, .wanted = config.enabled(name)};
    report.loaded = module_instance(root, name).has_value();
    if (!report.wanted) return report;
    if (!report.loaded) {
        report.problem = is_in_sysfs(root, name) ? in_between() : why_missing(root, name);
        return report;
    }
    look_at_settings(root, settings_of(config, name), false, report);
    look_at_settings(root, load_settings_of(config, name), true, report);
    return report;
}

void look_at_interfaces(const Root& root, const Module& module, const Watched& watched, ModuleReport& report) {
    report.waits_for = words_on_waiting(watched);
    const auto now = read_parameter(root, module.name, module.watches);
    if (!now || !interface_to_write(watched, *now, true)) return;
    auto configured = watched.there;
    configured.insert(configured.end(), watched.missing.begin(), watched.missing.end());
    report.differences.push_back({module.watches, *now, join_interfaces(configured)});
}

std::string words_on_waiting(const Watched& watched) {
    if (watched.no_route) return "a default route";
    return joined(watched.missing, ", ", printable);
}

Result<void> verdict(const Report& report) {
    const auto* first = report.first_problem();
    if (first == nullptr) return {};
    auto error = *first->problem;
    error.what = first->name + ": " + error.what;
    const auto all = std::ranges::count_if(report.modules, [](const auto& m) { return m.problem.has_value(); });
    if (all > 1) error.what += "; and " + std::to_string(all - 1) + " more (kmonctl status)";
    return fail(std::move(error));
}

Json error_json(const Error& error) {
    return {{"what", error.what}, {"cure", error.hint}, {"code", status_of(error.code)}, {"errno", error.system}};
}

Error error_from_json(const Json& json) {
    return {field(json, "what", std::string()), static_cast<ExitCode>(field(json, "code", status_of(ExitCode::failed))),
            field(json, "cure", std::string()), field(json, "errno", 0)};
}

Json to_json(const ModuleReport& module) {
    Json differences = Json::array();
    for (const auto& difference : module.differences)
        differences.push_back({{"parameter", difference.parameter},
                               {"is", difference.is},
                               {"configured", difference.configured},
                               {"at_load", difference.at_load}});
    return {{"wanted", module.wanted},
            {"loaded", module.loaded},
            {"applied", module.loaded && module.wanted && !module.problem && module.differences.empty()},
            {"differences", std::move(differences)},
            {"waits_for", module.waits_for.empty() ? Json() : Json(module.waits_for)},
            {"problem", module.problem ? error_json(*module.problem) : Json()}};
}

Json to_json(const Report& report) {
    Json modules = Json::object();
    for (const auto& module : report.modules)
        modules[module.name] = to_json(module);
    return {{"by", report.by}, {"modules", std::move(modules)}};
}

Result<Report> report_from_json(const Json& json) {
    const auto modules = json.is_object() ? json.find("modules") : json.end();
    if (modules == json.end() || !modules->is_object()) return fail("the answer lacks the modules");
    Report report{.by = field(json, "by", std::string()), .modules = {}};
    for (const auto& [name, module] : modules->items())
        if (module.is_object()) report.modules.push_back(module_from_json(name, module));
    return report;
}

} // namespace kmon::control
