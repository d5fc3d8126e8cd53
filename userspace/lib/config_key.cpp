// SPDX-License-Identifier: GPL-2.0-only
#include "config_key.hpp"

#include <utility>

#include "joined.hpp"

namespace kmon {

using Kind = ConfigKey::Kind;

ConfigKey yes_or_no(std::string name, bool standard) {
    return {std::move(name), Kind::yes_or_no, standard, "true or false"};
}

ConfigKey number(std::string name, std::uint32_t from, std::uint32_t to, std::uint32_t standard,
                 const std::string& remark) {
    return {std::move(name),
            Kind::number,
            standard,
            "a number from " + std::to_string(from) + " to " + std::to_string(to) + remark,
            from,
            to};
}

ConfigKey duration(std::string name, std::uint32_t longest, std::uint32_t standard) {
    return {std::move(name),
            Kind::duration,
            standard,
            R"("20s", "5m", "1h" or a number of seconds, up to )" + std::to_string(longest) + "; 0: never",
            0,
            longest};
}

ConfigKey size(std::string name, std::uint32_t from, std::uint32_t standard) {
    return {std::move(name), Kind::size, standard, R"("64M", "1G" or a number of bytes)", from, 0xffffffff};
}

ConfigKey choice(std::string name, std::vector<std::string> words) {
    auto allowed = joined(words, ", ", [](const std::string& word) { return "\"" + word + "\""; });
    return {std::move(name), Kind::choice, words.front(), std::move(allowed), 0, 0, std::move(words)};
}

ConfigKey interface(std::string name) { return {std::move(name), Kind::interface, "all", R"("all" or a name)"}; }

ConfigKey interfaces(std::string name) {
    return {std::move(name), Kind::interfaces, "auto", R"("auto", a name, or an array of up to 64 different names)"};
}

} // namespace kmon
