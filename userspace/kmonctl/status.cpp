// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <span>

#include "command.hpp"
#include "control/module_look.hpp"
#include "escape.hpp"
#include "finding.hpp"
#include "host.hpp"
#include "joined.hpp"
#include "json.hpp"
#include "local_time.hpp"
#include "report_page.hpp"

namespace kmon::cli {

namespace {

constexpr std::size_t words_at = 31;

// Everything that is shown.
struct Shown {
    Host host;
    std::time_t time;
    ConfigReading config;
    control::ModulesLook look;
    Result<Service> service;
};

bool runs(const control::ModuleLook& module) { return module.report.loaded || !module.report.wanted; }

// If the unit is not installed, there is no service that could be down.
bool runs(const Result<Service>& service) {
    return !service || service->load == "not-found" || service->active == "active" || service->active == "reloading";
}

ExitCode exit_code(const Shown& shown) {
    const auto& modules = shown.look.modules;
    const bool all = std::all_of(modules.begin(), modules.end(), [](const auto& m) { return runs(m); });
    if (!all || !runs(shown.service)) return ExitCode::not_running;
    if (!shown.config.problems.empty()) return shown.config.problems.front().code;
    return shown.look.report.first_problem() || shown.look.silent ? ExitCode::failed : ExitCode::ok;
}

void add_problem(ReportPage& page, const Error& problem) {
    if (!problem.hint.empty()) page.more(problem.hint);
}

// Parameters set by hand, or with `kmonctl kstat stop`: not a fault, but worth showing.
void add_differences(ReportPage& page, const control::ModuleReport& module) {
    for (const auto& one : module.differences)
        page.more(one.parameter + " is \"" + printable(one.is) + "\", the configuration says \"" +
                      printable(one.configured) + "\"",
                  Style::warning);
}

void add_module(ReportPage& page, const control::ModuleLook& module) {
    const auto& state = module.state;
    const auto& report = module.report;
    const auto version = state.loaded ? printable(state.loaded_version) : "-";
    if (!report.loaded && !report.wanted) return page.item(Style::faint, report.name, "not loaded, as configured", "-");
    if (!report.loaded) {
        page.item(Style::bad, report.name, report.problem ? report.problem->what : "it is not loaded", "-");
        return add_problem(page, report.problem.value_or(Error{"", ExitCode::not_running, "kmonctl apply"}));
    }
    const bool doubtful = state.reload_needed() || !report.differences.empty();
    page.item(report.problem ? Style::bad
              : doubtful     ? Style::warning
                             : Style::good,
              report.name, module.settings, version);
    if (!report.waits_for.empty()) page.more("waiting for " + report.waits_for);
    if (report.problem) {
        page.more(report.problem->what, Style::bad);
        return add_problem(page, *report.problem);
    }
    add_differences(page, report);
    if (!state.reload_needed()) return;
    page.more("reload needed: " + printable(state.instead()) + " is installed", Style::warning);
    page.more(load_anew(report.name));
}

// systemd keeps the last status of a stopped unit, so do not show it.
void add_service(ReportPage& page, const Shown& shown) {
    const char* const name = "kmon.service";
    const auto& service = shown.service;
    if (!service) return page.item(Style::faint, name, service.error().what);
    if (service->load == "not-found") return page.item(Style::faint, name, "not installed");
    const auto words = service->active + (service->enabled.empty() ? "" : ", " + service->enabled);
    if (!runs(service)) {
        page.item(Style::bad, name, words);
        return page.more("systemctl start kmon");
    }
    if (shown.look.silent) {
        page.item(Style::bad, name, words + ", but " + shown.look.silent->what);
        return page.more(shown.look.silent->hint);
    }
    const bool degraded = shown.look.report.first_problem() != nullptr;
    page.item(degraded ? Style::warning : Style::good, name,
              words + (service->status.empty() ? "" : ": " + printable(service->status)));
}

void add_config(ReportPage& page, const ConfigReading& config) {
    const char* const name = "configuration";
    const auto files = joined(config.files, ", ", [](const auto& file) { return printable(file.string()); });
    if (config.problems.empty())
        return page.item(Style::good, name, files.empty() ? "no file: using the defaults" : "good: " + files);
    const auto words = config.words();
    page.item(Style::bad, name, words.front());
    for (const auto& line : std::span(words).subspan(1))
        page.more(line, Style::bad);
}

Page page_of(const Shown& shown, const Context& context) {
    ReportPage page(context, words_at);
    append_heading(page, shown.host, local_time(shown.time, time_form));
    for (const auto& module : shown.look.modules)
        add_module(page, module);
    page.blank();
    add_service(page, shown);
    add_config(page, shown.config);
    return page.page();
}

Json json_of(const Result<Service>& service, bool degraded) {
    if (!service) return nullptr;
    return {{"load", service->load},
            {"active", service->active},
            {"enabled", service->enabled},
            {"status", runs(service) ? Json(service->status) : Json()},
            {"degraded", degraded}};
}

Json json_of(const Shown& shown) {
    Json modules = Json::object();
    for (const auto& module : shown.look.modules)
        modules[module.report.name] = control::to_json(module);
    Json files = Json::array();
    for (const auto& file : shown.config.files)
        files.push_back(file.string());
    Json problems = Json::array();
    for (const auto& line : shown.config.words())
        problems.push_back(line);
    const bool degraded = shown.look.report.first_problem() != nullptr;
    return {{"kmon", kmon::version},
            {"host", shown.host.name},
            {"kernel", shown.host.kernel},
            {"timestamp", shown.time},
            {"by", shown.look.report.by},
            {"modules", std::move(modules)},
            {"service", json_of(shown.service, degraded)},
            {"configuration", {{"files", std::move(files)}, {"problems", std::move(problems)}}}};
}

Result<ExitCode> status(Context& context) {
    auto config = read_config(context.root);
    auto look = control::look_at_modules(context.root, config.config, context.network);
    const Shown shown = {read_host(context.root), context.now(), std::move(config), std::move(look),
                         context.service(kmon_service)};
    if (context.json)
        context.out << to_text(json_of(shown)) << '\n';
    else
        print(context.out, page_of(shown, context), context.colour);
    return exit_code(shown);
}

} // namespace

void add_status(CLI::App& kmon, Context& context) {
    add_command(kmon, context, "status", "Show which modules are running, and what is wrong",
                [&context] { return status(context); });
}

} // namespace kmon::cli
