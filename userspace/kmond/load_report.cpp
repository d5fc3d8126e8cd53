// SPDX-License-Identifier: GPL-2.0-only
#include "load_report.hpp"

#include <filesystem>
#include <fstream>
#include <system_error>

#include "modules.hpp"
#include "sysfs.hpp"

namespace kmon::kmond {
namespace {

std::filesystem::path report_of(const Root& root) { return root.run / "kmon/load-errors"; }

} // namespace

void load_modules(const Root& root, const Config& config) {
    std::error_code ignored;
    std::filesystem::create_directories(report_of(root).parent_path(), ignored);
    std::ofstream report(report_of(root));
    for (const std::string module : module_names) {
        if (!config.enabled(module) || module_instance(root, module)) continue;
        if (const auto loaded = load_module(root, module); !loaded)
            report << module << ' ' << loaded.error().system << '\n';
    }
}

int load_error(const Root& root, const std::string& module) {
    std::ifstream report(report_of(root));
    std::string name;
    int error = 0;
    while (report >> name >> error) {
        if (name == module) return error;
    }
    return 0;
}

} // namespace kmon::kmond
