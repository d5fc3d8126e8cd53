// SPDX-License-Identifier: GPL-2.0-only
#include "sysfs.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <system_error>

#include "escape.hpp"
#include "file.hpp"
#include "finding.hpp"

namespace kmon {
namespace {

std::filesystem::path directory_of(const Root& root, const std::string& module) { return root.sys / "module" / module; }

std::filesystem::path path_of(const Root& root, const std::string& module, const std::string& parameter) {
    return directory_of(root, module) / "parameters" / parameter;
}

// Does this errno mean that the file disappeared with its module?
bool is_gone(int error) { return error == ENOENT || error == ENODEV; }

Error not_loaded(const std::string& doing, const std::string& module) {
    return {doing + ": the module " + module + " is not loaded", ExitCode::not_running, "modprobe " + module, ENOENT};
}

// Why the module refused a value, from the errno. The kernel log has the module's own message.
Error refused(const Setting& setting, int error) {
    const std::string doing = "cannot set " + to_string(setting);
    const std::string look = "the kernel log says more: dmesg | grep " + setting.module;
    switch (error) {
    case EINVAL: return {doing + ": the module refused the value", ExitCode::failed, look, error};
    case ENODEV:
        return {doing + ": there is no such interface", ExitCode::failed, "`ip link` lists the interfaces", error};
    case EBUSY: return {doing + ": something else uses what the module needs", ExitCode::failed, look, error};
    default: return system_error(doing, error);
    }
}

} // namespace

std::string to_string(const Setting& setting) {
    return setting.module + " " + setting.parameter + "=" + printable(setting.value);
}

bool is_in_sysfs(const Root& root, const std::string& module) { return is_there(directory_of(root, module)); }

std::optional<ino_t> module_instance(const Root& root, const std::string& module) {
    if (first_line_of(directory_of(root, module) / "initstate") != "live") return std::nullopt;
    struct stat about {};
    if (::stat(directory_of(root, module).c_str(), &about) < 0) return std::nullopt;
    return about.st_ino;
}

Result<std::string> read_parameter(const Root& root, const std::string& module, const std::string& parameter) {
    auto value = read_file(path_of(root, module, parameter));
    if (!value) {
        if (is_gone(value.error().system) && !is_in_sysfs(root, module))
            return fail(not_loaded("cannot read its " + parameter, module));
        return fail(value.error());
    }
    if (value->ends_with('\n')) value->pop_back();
    return *value;
}

bool lacks_parameter(const Error& error) { return error.system == ENOENT && error.code != ExitCode::not_running; }

Error no_such_parameter(const Setting& setting) {
    return {"cannot set " + to_string(setting) + ": the " + setting.module +
                " that is loaded is another version and has no such parameter; reload the module",
            ExitCode::failed, load_anew(setting.module), ENOENT};
}

Result<void> write_parameter(const Root& root, const Setting& setting) {
    const auto path = path_of(root, setting.module, setting.parameter);
    // An empty write never reaches the module, so always add a newline.
    const auto written = write_file(path, setting.value + "\n");
    if (!written) {
        if (is_gone(written.error().system) && !is_in_sysfs(root, setting.module))
            return fail(not_loaded("cannot set " + to_string(setting), setting.module));
        if (written.error().system == ENOENT) return fail(no_such_parameter(setting));
        return fail(refused(setting, written.error().system));
    }
    const auto now = read_parameter(root, setting.module, setting.parameter);
    if (!now) return fail(now.error());
    if (*now != setting.value)
        return fail("cannot set " + to_string(setting) + ": it was accepted, but reads back as " + printable(*now));
    return {};
}

} // namespace kmon
