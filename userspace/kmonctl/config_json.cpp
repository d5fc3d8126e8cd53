// SPDX-License-Identifier: GPL-2.0-only
#include "config_json.hpp"

namespace kmon::cli {

Json to_json(const Config& config) {
    const auto& l2 = config.l2packet_counter;
    return {
        {"l2packet_counter",
         {{"enabled", l2.enabled},
          {"interface", l2.follow_default_route ? Json("auto") : Json(l2.interfaces)},
          {"reset_interval", l2.reset_interval},
          {"max_macs", l2.max_macs}}},
        {"localhost_monitor",
         {{"enabled", config.localhost_monitor.enabled}, {"log_packets", config.localhost_monitor.log_packets}}},
        {"kstat",
         {{"enabled", config.kstat.enabled}, {"start", config.kstat.start}, {"counter", config.kstat.counter}}},
        {"netmon",
         {{"enabled", config.netmon.enabled},
          {"interface", config.netmon.interface.empty() ? "all" : config.netmon.interface}}},
        {"process_monitor",
         {{"enabled", config.process_monitor.enabled},
          {"log", config.process_monitor.log},
          {"log_rate", config.process_monitor.log_rate}}},
        {"exporter", {{"host", config.exporter.host}, {"port", config.exporter.port}}},
    };
}

Json to_json(const ConfigProblem& problem) {
    return {{"file", problem.file.string()}, {"line", problem.line},
            {"column", problem.column},      {"key", problem.key},
            {"what", problem.what},          {"allowed", problem.allowed}};
}

} // namespace kmon::cli
