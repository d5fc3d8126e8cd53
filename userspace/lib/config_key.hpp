// SPDX-License-Identifier: GPL-2.0-only
// A key of /etc/kmon.toml, independent of TOML: its allowed values and its default.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace kmon {

using ConfigValue = std::variant<bool, std::uint32_t, std::string, std::vector<std::string>>;

struct ConfigKey {
    enum class Kind {
        yes_or_no,  // a bool
        number,     // from..to
        duration,   // seconds up to `to`
        size,       // KiB, at least `from`
        choice,     // one of `words`
        interface,  // "all", or a name
        interfaces, // "auto", or a list of names
    };

    std::string name;
    Kind kind;
    ConfigValue standard;
    std::string allowed; // in words
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    std::vector<std::string> words{};
};

ConfigKey yes_or_no(std::string name, bool standard);
// remark: appended to the description of what is allowed.
ConfigKey number(std::string name, std::uint32_t from, std::uint32_t to, std::uint32_t standard,
                 const std::string& remark = "");
ConfigKey duration(std::string name, std::uint32_t longest, std::uint32_t standard);
// In KiB.
ConfigKey size(std::string name, std::uint32_t from, std::uint32_t standard);
ConfigKey choice(std::string name, std::vector<std::string> words); // the first is the default
ConfigKey interface(std::string name);
ConfigKey interfaces(std::string name);

} // namespace kmon
