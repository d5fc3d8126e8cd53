// SPDX-License-Identifier: GPL-2.0-only
#include "settings.hpp"

#include "config_values.hpp"

namespace kmon::recorder {

Settings recorder_settings(const Config& config) {
    const auto seconds = [&](const char* key) {
        return std::int64_t{config.get<std::uint32_t>(std::string("recorder.") + key)};
    };
    const auto keep = [&](const char* key) { return seconds(key) == 0 ? history::for_ever : seconds(key); };
    Settings settings;
    settings.limits.interval =
        static_cast<std::int64_t>(parse_duration(config.get<std::string>("recorder.interval")).value_or(10));
    settings.limits.keep = {keep("keep_finest"), keep("keep_minutes"), keep("keep_hours"), keep("keep_days")};
    settings.limits.max_size = std::uint64_t{config.get<std::uint32_t>("recorder.max_size")} * 1024;
    settings.write_interval = seconds("write_interval") * 1000;
    settings.in_memory = config.get<std::string>("recorder.storage") == "memory";
    settings.limits.durable = !settings.in_memory;
    settings.save_interval = seconds("save_interval") * 1000;
    return settings;
}

} // namespace kmon::recorder
