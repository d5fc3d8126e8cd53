// SPDX-License-Identifier: GPL-2.0-only
#include "config_json.hpp"

#include "modules/module_table.hpp"
#include "recorder_keys.hpp"

namespace kmon::cli {

Json to_json(const Config& config) {
    Json json = Json::object();
    for (const auto& module : modules())
        for (const auto& key : keys_of(module))
            json[module.section][key.name] = std::visit([](const auto& value) { return Json(value); },
                                                        config.values.at(module.section + "." + key.name));
    for (const auto& key : recorder_keys())
        json["recorder"][key.name] =
            std::visit([](const auto& value) { return Json(value); }, config.values.at("recorder." + key.name));
    json["devices"] = config.devices;
    const auto& exporter = config.exporter;
    json["exporter"] = {
        {"host", exporter.host},       {"port", exporter.port},         {"unix_socket", exporter.unix_socket},
        {"top", exporter.top},         {"insecure", exporter.insecure}, {"tls_certificate", exporter.tls_certificate},
        {"tls_key", exporter.tls_key}, {"users", exporter.users}};
    return json;
}

Json to_json(const ConfigProblem& problem) {
    return {{"file", problem.file.string()}, {"line", problem.line},
            {"column", problem.column},      {"key", problem.key},
            {"what", problem.what},          {"allowed", problem.allowed}};
}

} // namespace kmon::cli
