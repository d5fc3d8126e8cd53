// SPDX-License-Identifier: GPL-2.0-only
#include "service.hpp"

#include <systemd/sd-bus.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include "release.hpp"

namespace kmon::cli {

namespace {

using Bus = std::unique_ptr<sd_bus, Release<sd_bus_flush_close_unref>>;

using Text = std::unique_ptr<char, Release<std::free>>;

const char* const systemd = "org.freedesktop.systemd1";

Error bus_error(int error) {
    return {std::string("cannot ask systemd: ") + std::strerror(-error), ExitCode::failed, ""};
}

} // namespace

Result<Service> query_service(const std::string& unit) {
    sd_bus* opened = nullptr;
    if (const int error = sd_bus_open_system(&opened); error < 0) return fail(bus_error(error));
    const Bus bus(opened);

    char* encoded = nullptr;
    if (const int error = sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit.c_str(), &encoded); error < 0)
        return fail(bus_error(error));
    const Text path(encoded);

    Service service;
    const struct {
        const char* interface;
        const char* name;
        std::string& value;
    } properties[] = {
        {"org.freedesktop.systemd1.Unit", "LoadState", service.load},
        {"org.freedesktop.systemd1.Unit", "ActiveState", service.active},
        {"org.freedesktop.systemd1.Unit", "UnitFileState", service.enabled},
        {"org.freedesktop.systemd1.Service", "StatusText", service.status},
    };
    const bool is_service = unit.ends_with(".service");
    for (const auto& property : properties) {
        if (!is_service && property.name == std::string_view("StatusText")) continue;
        char* value = nullptr;
        const int error = sd_bus_get_property_string(bus.get(), systemd, path.get(), property.interface, property.name,
                                                     nullptr, &value);
        if (error < 0) return fail(bus_error(error));
        property.value = Text(value).get();
    }
    return service;
}

} // namespace kmon::cli
