// SPDX-License-Identifier: GPL-2.0-only
// Any bytes as a configuration file: it is accepted or refused, and accepted values are in the ranges of the modules.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config_toml.hpp"
#include "modules/module_table.hpp"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void check_names(const std::vector<std::string>& names) {
    require(names.size() <= 64);
    for (const auto& name : names)
        require(!name.empty() && name.size() < 16 && name.find_first_of("/:, \n") == std::string::npos);
}

void check(const kmon::Config& config) {
    for (const auto& module : kmon::modules())
        for (const auto& key : keys_of(module)) {
            const auto& value = config.values.at(module.section + "." + key.name);
            require(value.index() == key.standard.index() || key.kind == kmon::ConfigKey::Kind::interfaces);
            if (const auto* number = std::get_if<std::uint32_t>(&value))
                require(*number >= key.from && *number <= key.to);
            if (const auto* names = std::get_if<std::vector<std::string>>(&value)) check_names(*names);
            if (const auto* name = std::get_if<std::string>(&value)) require(name->size() < 16);
        }
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
