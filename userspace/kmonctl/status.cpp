// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>

#include "command.hpp"
#include "escape.hpp"
#include "host.hpp"
#include "module_report.hpp"
#include "report_page.hpp"
#include "view_json.hpp"

namespace kmon::cli {

namespace {

constexpr std::size_t words_at = 31;

// All that is shown, and the exit code that it comes to.
struct Report {
    Host host;
    ConfigReading config;
    std::vector<ModuleReport> modules;
    Result<Service> service;
};

bool runs(const ModuleReport& module) { return module.state.loaded || !module.wanted; }

// Without the unit there is no service that could be down.
bool runs(const Result<Service>& service) {
    return !service || service->load == "not-found" || service->active == "active" || service->active == "reloading";
}

int exit_code(const Report& report) {
    const bool all = std::all_of(report.modules.begin(), report.modules.end(), [](const auto& m) { return runs(m); });
    if (!all || !runs(report.service)) return ExitCode::not_running;
    return report.config.problems.empty() ? static_cast<int>(ExitCode::ok) : report.config.problems.front().code;
}

void add_module(ReportPage& page, const ModuleReport& module) {
    const auto& state = module.state;
    if (!state.loaded && !module.wanted) return page.item(Style::faint, state.name, "not loaded, as configured", "-");
    if (!state.loaded) {
        page.item(Style::bad, state.name, module.missing.what, "-");
        if (!module.missing.hint.empty()) page.more(module.missing.hint);
        return;
    }
    page.item(state.reload_needed() ? Style::warning : Style::good, state.name, module.settings,
              printable(state.loaded_version));
    if (!state.reload_needed()) return;
    page.more("reload needed: " + printable(state.instead()) + " is installed", Style::warning);
    page.more("modprobe -r " + state.name + " && kmonctl apply");
}

void add_service(ReportPage& page, const Result<Service>& service) {
    const char* const name = "kmon.service";
    if (!service) return page.item(Style::faint, name, service.error().what);
    if (service->load == "not-found") return page.item(Style::faint, name, "not installed");
    auto words = service->active + (service->enabled.empty() ? "" : ", " + service->enabled);
    if (!service->status.empty()) words += ": " + printable(service->status);
    page.item(runs(service) ? Style::good : Style::bad, name, words);
    if (!runs(service)) page.more("systemctl start kmon");
}

void add_config(ReportPage& page, const ConfigReading& config) {
    const char* const name = "configuration";
    std::string files;
    for (const auto& file : config.files)
        files += (files.empty() ? "" : ", ") + printable(file.string());
    if (config.problems.empty())
        return page.item(Style::good, name, files.empty() ? "there is no file: the defaults hold" : "good: " + files);
    page.item(Style::bad, name, config.problems.front().text());
    for (std::size_t i = 1; i < config.problems.size(); ++i)
        page.more(config.problems[i].text(), Style::bad);
}

Page page_of(const Report& report, const Context& context) {
    ReportPage page(context, words_at);
    page.line(Line(std::string("kmon ") + kmon::version, Style::strong)
                  .add(" on " + printable(report.host.name) + ", Linux " + printable(report.host.kernel)));
    page.blank();
    for (const auto& module : report.modules)
        add_module(page, module);
    page.blank();
    add_service(page, report.service);
    add_config(page, report.config);
    return page.page();
}

Json json_of(const ModuleReport& module) {
    const auto& state = module.state;
    Json json = {{"loaded", state.loaded}, {"wanted", module.wanted}};
    if (state.loaded) {
        json["version"] = state.loaded_version;
        json["settings"] = module.settings;
        json["reload_needed"] = state.reload_needed();
    } else {
        json["reason"] = module.missing.what;
        json["cure"] = module.missing.hint;
    }
    json["file"] = state.file.string();
    json["file_version"] = state.file_version;
    json["signer"] = state.signer;
    return json;
}

Json json_of(const Report& report) {
    Json modules = Json::object();
    for (const auto& module : report.modules)
        modules[module.state.name] = json_of(module);
    Json service = nullptr;
    if (report.service)
        service = {{"load", report.service->load},
                   {"active", report.service->active},
                   {"enabled", report.service->enabled},
                   {"status", report.service->status}};
    Json files = Json::array();
    for (const auto& file : report.config.files)
        files.push_back(file.string());
    Json problems = Json::array();
    for (const auto& problem : report.config.problems)
        problems.push_back(problem.text());
    return {{"kmon", kmon::version},
            {"host", report.host.name},
            {"kernel", report.host.kernel},
            {"modules", std::move(modules)},
            {"service", std::move(service)},
            {"configuration", {{"files", std::move(files)}, {"problems", std::move(problems)}}}};
}

Result<int> status(Context& context) {
    auto config = read_config(context.root);
    auto modules = report_modules(context, config.config);
    const Report report = {read_host(context.root), std::move(config), std::move(modules), context.service()};
    if (context.json)
        context.out << to_text(json_of(report)) << '\n';
    else
        print(context.out, page_of(report, context), context.colour);
    return exit_code(report);
}

} // namespace

void add_status(CLI::App& kmon, Context& context) {
    add_command(kmon, context, "status", "Show which modules run, and what is missing",
                [&context] { return status(context); });
}

} // namespace kmon::cli
