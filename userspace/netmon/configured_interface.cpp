// SPDX-License-Identifier: GPL-2.0-only
#include "configured_interface.hpp"

#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>

#include "escape.hpp"
#include "run_program.hpp"

namespace netmon {
namespace {

using kmon::ExitCode;

constexpr std::string_view blanks = " \t\r\n\v\f";

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

// What the kernel takes for the name of a device.
bool is_interface_name(std::string_view name) {
    return !name.empty() && name.size() < IF_NAMESIZE && name != "." && name != ".." &&
           name.find_first_of("/:") == std::string_view::npos && name.find_first_of(blanks) == std::string_view::npos;
}

kmon::Result<std::optional<std::string>> checked(std::string_view name, const std::string& place) {
    if (is_interface_name(name)) return std::string(name);
    return kmon::fail(place + ": \"" + kmon::printable(name) + "\" cannot be the name of an interface",
                      ExitCode::bad_config, "write one name of at most 15 bytes, or \"all\"");
}

} // namespace

kmon::Result<std::optional<std::string>> interface_from_file(const kmon::Root& root) {
    const auto path = root.etc / "netmon.conf";
    errno = 0;
    std::ifstream file(path);
    if (!file) {
        const int error = errno;
        if (error == ENOENT) return std::nullopt;
        return kmon::fail("cannot read " + path.string() + ": " + std::system_category().message(error),
                          error == EACCES ? ExitCode::not_permitted : ExitCode::failed);
    }
    int number = 0;
    for (std::string line; std::getline(file, line);) {
        ++number;
        const std::string_view text = line;
        const std::string_view name = trimmed(text.substr(0, text.find('#')));
        if (!name.empty()) return checked(name, path.string() + ":" + std::to_string(number));
    }
    return std::nullopt;
}

kmon::Result<std::optional<std::string>> interface_from_uci() {
    // `uci set netmon.interface=wwan0` makes a section of that name and type; in a file that is written by hand it is
    // an option of the first section of type netmon.
    for (const char* const option : {"netmon.interface", "netmon.@netmon[0].interface"}) {
        const auto output = run_program({"uci", "-q", "get", option});
        if (!output) return std::nullopt;
        const std::string_view name = trimmed(*output);
        if (!name.empty()) return checked(name, std::string("UCI's ") + option);
    }
    return std::nullopt;
}

kmon::Result<std::string> configured_interface(const kmon::Root& root) {
    auto named = interface_from_file(root);
    if (named && !*named) named = interface_from_uci();
    return named.map([](const std::optional<std::string>& name) { return name.value_or(std::string(all_interfaces)); });
}

} // namespace netmon
