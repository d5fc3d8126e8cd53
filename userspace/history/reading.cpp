// SPDX-License-Identifier: GPL-2.0-only
#include "reading.hpp"

#include <sys/stat.h>

#include <ctime>

#include "file.hpp"
#include "modules/module_table.hpp"

namespace kmon::history {

namespace {

std::int64_t milliseconds(clockid_t clock) {
    timespec now{};
    (void)::clock_gettime(clock, &now);
    return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

// sysfs never uses an inode number twice, so it changes with each load.
std::int64_t instance_of(const Root& root, const std::string& module) {
    struct stat about {};
    const auto directory = root.sys / "module" / module;
    return ::stat(directory.c_str(), &about) == 0 ? static_cast<std::int64_t>(about.st_ino) : 0;
}

} // namespace

Moment moment_now(const Root& root) {
    return {first_line_of(root.proc / "sys/kernel/random/boot_id"), milliseconds(CLOCK_BOOTTIME),
            milliseconds(CLOCK_REALTIME)};
}

std::vector<ModuleReading> read_modules(const Root& root, const std::string& boot) {
    std::vector<ModuleReading> readings;
    for (const auto& module : modules()) {
        ModuleReading reading{&module, module.read(root), {boot, instance_of(root, module.name), module.of_kernel, ""}};
        // It was reloaded meanwhile, so it is unknown which instance the view is from.
        if (reading.view && instance_of(root, module.name) != reading.instance.module)
            reading.view = fail(module.name + " was loaded again meanwhile");
        if (reading.view && module.of_kernel) reading.instance.scope = (*reading.view)->settings();
        readings.push_back(std::move(reading));
    }
    return readings;
}

std::vector<Recording::Taken> as_taken(const std::vector<ModuleReading>& readings) {
    std::vector<Recording::Taken> taken;
    for (const auto& reading : readings)
        taken.push_back({reading.module, reading.view ? reading.view->get() : nullptr,
                         !reading.view && reading.view.error().code == ExitCode::not_running, reading.instance});
    return taken;
}

} // namespace kmon::history
