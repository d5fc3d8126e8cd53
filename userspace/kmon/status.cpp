#include <algorithm>

#include "command.hpp"
#include "escape.hpp"
#include "format.hpp"
#include "host.hpp"
#include "module_report.hpp"
#include "page.hpp"
#include "view_json.hpp"

namespace kmon::cli {

namespace {

constexpr std::size_t name_at = 4;
constexpr std::size_t version_at = 23;
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

Line marked(Style style, const std::string& name, const Context& context) {
    Line line("  ");
    line.add(context.unicode ? "●" : style == Style::good ? "*" : style == Style::faint ? "-" : "!", style);
    return line.fill(name_at).add(name, Style::strong);
}

// Words that are too long for the line go on under themselves.
void add_words(Page& page, Line line, const std::string& words, Style style, std::size_t columns) {
    const std::size_t room = columns > words_at + 20 ? columns - words_at : 20;
    std::string rest = words;
    for (;;) {
        line.fill(words_at);
        auto part = cut(rest, room);
        if (part.size() < rest.size())
            if (const auto blank = part.rfind(' '); blank != std::string::npos && blank > 0) part.resize(blank);
        page.push_back(line.add(part, style));
        rest.erase(0, part.size());
        rest.erase(0, rest.find_first_not_of(' '));
        if (rest.empty()) return;
        line = Line();
    }
}

void add_module(Page& page, const ModuleReport& module, const Context& context) {
    const auto& state = module.state;
    const bool off = !state.loaded && !module.wanted;
    const Style style = state.loaded ? (state.reload_needed() ? Style::warning : Style::good)
                        : off        ? Style::faint
                                     : Style::bad;
    auto line = marked(style, state.name, context);
    line.fill(version_at).add(state.loaded ? printable(state.loaded_version) : "-", Style::faint);
    if (off) return add_words(page, line, "not loaded, as configured", Style::faint, context.columns);
    if (!state.loaded) {
        add_words(page, line, module.missing.what, Style::bad, context.columns);
        if (!module.missing.hint.empty()) add_words(page, Line(), module.missing.hint, Style::plain, context.columns);
        return;
    }
    add_words(page, line, module.settings, Style::plain, context.columns);
    if (state.reload_needed())
        add_words(page, Line(), "reload needed: version " + printable(state.file_version) + " is installed",
                  Style::warning, context.columns);
}

void add_service(Page& page, const Result<Service>& service, const Context& context) {
    if (!service) return add_words(page, marked(Style::faint, "kmon.service", context), service.error().what, Style::faint, context.columns);
    if (service->load == "not-found")
        return add_words(page, marked(Style::faint, "kmon.service", context), "not installed", Style::faint, context.columns);
    const Style style = runs(service) ? Style::good : Style::bad;
    auto words = service->active + (service->enabled.empty() ? "" : ", " + service->enabled);
    if (!service->status.empty()) words += ": " + printable(service->status);
    add_words(page, marked(style, "kmon.service", context), words, Style::plain, context.columns);
    if (style == Style::bad) add_words(page, Line(), "systemctl start kmon", Style::plain, context.columns);
}

void add_config(Page& page, const ConfigReading& config, const Context& context) {
    if (config.problems.empty()) {
        std::string files;
        for (const auto& file : config.files) files += (files.empty() ? "" : ", ") + printable(file.string());
        return add_words(page, marked(Style::good, "configuration", context),
                         files.empty() ? "there is no file: the defaults hold" : "good: " + files, Style::plain, context.columns);
    }
    auto line = marked(Style::bad, "configuration", context);
    for (const auto& problem : config.problems) {
        add_words(page, line, problem.text(), Style::bad, context.columns);
        line = Line();
    }
}

Page page_of(const Report& report, const Context& context) {
    Page page = {Line(std::string("kmon ") + kmon::version, Style::strong)
                     .add(" on " + printable(report.host.name) + ", Linux " + printable(report.host.kernel)),
                 Line()};
    for (const auto& module : report.modules) add_module(page, module, context);
    page.emplace_back();
    add_service(page, report.service, context);
    add_config(page, report.config, context);
    return page;
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
    for (const auto& module : report.modules) modules[module.state.name] = json_of(module);
    Json service = nullptr;
    if (report.service)
        service = {{"load", report.service->load},
                   {"active", report.service->active},
                   {"enabled", report.service->enabled},
                   {"status", report.service->status}};
    Json files = Json::array();
    for (const auto& file : report.config.files) files.push_back(file.string());
    Json problems = Json::array();
    for (const auto& problem : report.config.problems) problems.push_back(problem.text());
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
    if (context.json) context.out << to_text(json_of(report)) << '\n';
    else print(context.out, page_of(report, context), context.colour);
    return exit_code(report);
}

} // namespace

void add_status(CLI::App& kmon, Context& context) {
    add_command(kmon, context, "status", "Show which modules run, and what is missing",
                [&context] { return status(context); });
}

} // namespace kmon::cli
