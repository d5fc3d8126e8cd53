// SPDX-License-Identifier: GPL-2.0-only
#include "loading.hpp"

#include <filesystem>
#include <fstream>
#include <system_error>

#include "kernel_module.hpp"
#include "modules/module_table.hpp"
#include "sysfs.hpp"

namespace kmon::control {
namespace {

namespace fs = std::filesystem;

fs::path report_of(const Root& root) { return root.run / "kmon/load-errors"; }

std::map<std::string, int> read_report(const Root& root) {
    std::map<std::string, int> errors;
    std::ifstream report(report_of(root));
    std::string name;
    int error = 0;
    while (report >> name >> error)
        errors[name] = error;
    return errors;
}

// As a whole or not at all, and for everybody to read: kmonctl shows it to users, too.
void write_report(const Root& root, const std::map<std::string, int>& errors) {
    std::error_code ignored;
    fs::create_directories(report_of(root).parent_path(), ignored);
    const auto made = fs::path(report_of(root)) += ".new";
    {
        std::ofstream report(made);
        for (const auto& [name, error] : errors)
            report << name << ' ' << error << '\n';
        if (!report.flush()) return;
    }
    fs::permissions(made, fs::perms(0644), ignored);
    fs::rename(made, report_of(root), ignored);
}

// As modprobe takes them: "view_mode=0440 view_gid=4".
std::string options_of(const std::vector<Setting>& settings) {
    std::string options;
    for (const auto& setting : settings)
        options += (options.empty() ? "" : " ") + setting.parameter + "=" + setting.value;
    return options;
}

} // namespace

Refused load_modules(const Root& root, const Config& config, const std::function<void(const std::string&)>& say) {
    Refused refused;
    std::map<std::string, int> errors;
    for (const auto& module : module_names()) {
        if (!config.enabled(module) || module_instance(root, module)) continue;
        say("loading " + module);
        const auto loaded = load_module(root, module, options_of(load_settings_of(config, module)));
        if (loaded) continue;
        refused.emplace(module, loaded.error());
        if (loaded.error().system != 0) errors[module] = loaded.error().system;
    }
    write_report(root, errors);
    return refused;
}

Error why_missing(const Root& root, const std::string& module) {
    const auto errors = read_report(root);
    const auto error = errors.find(module);
    auto why = why_not_loaded(root, module_state(root, module), error == errors.end() ? 0 : error->second);
    if (why.code == ExitCode::not_running) why.hint = "kmonctl apply";
    return why;
}

void forget_refusal(const Root& root, const std::string& module) {
    auto errors = read_report(root);
    if (errors.erase(module) != 0) write_report(root, errors);
}

} // namespace kmon::control
