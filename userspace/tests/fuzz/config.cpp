// SPDX-License-Identifier: GPL-2.0-only
// Any bytes as a configuration file: it is read or refused, and what is read keeps within what the modules take.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config_toml.hpp"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void check(const kmon::Config& config) {
    require(config.l2packet_counter.reset_interval <= 86400);
    require(config.l2packet_counter.max_macs >= 1 && config.l2packet_counter.max_macs <= 1048576);
    require(config.l2packet_counter.interfaces.size() <= 64);
    for (const auto& name : config.l2packet_counter.interfaces)
        require(!name.empty() && name.size() < 16 && name.find_first_of("/:, \n") == std::string::npos);
    require(config.netmon.interface.size() < 16);
    require(config.kstat.counter >= 1 && config.kstat.counter <= 2147483647);
    require(config.process_monitor.log_rate <= 1000000);
    require(config.exporter.port != 0);
}

} // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    kmon::ConfigReading reading;
    kmon::read_config_text({reinterpret_cast<const char*>(data), size}, "kmon.toml", reading);
    check(reading.config);
    for (const auto& problem : reading.problems) {
        require(problem.line >= 1 && problem.column >= 1);
        for (const char c : problem.text())
            require(static_cast<unsigned char>(c) >= ' ');
    }
    return 0;
}
