// SPDX-License-Identifier: GPL-2.0-only
#include "configured_interface.hpp"

#include <algorithm>
#include <cerrno>

#include "escape.hpp"
#include "file.hpp"
#include "interface_name.hpp"
#include "parse_text.hpp"
#include "run_program.hpp"
#include "selection.hpp"

namespace netmon {
namespace {

using kmon::ExitCode;
using Name = kmon::Result<std::optional<std::string>>;

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
constexpr std::size_t longest_file = std::size_t{64} * 1024;

Name checked(std::string_view name, const std::string& place) {
    if (kmon::is_alternative_name(name)) return std::string(name);
    return kmon::fail(place + ": \"" + kmon::excerpt(name) + "\" is not a valid interface name", ExitCode::bad_config,
                      "write one name, or \"all\"");
}

// The name in the first line that has one.
Name name_in(std::string_view text, const std::string& file) {
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    for (int number = 1; !text.empty(); ++number) {
        const auto line = text.substr(0, text.find('\n'));
        const auto name = kmon::trimmed(line.substr(0, line.find('#')));
        if (!name.empty()) return checked(name, file + ":" + std::to_string(number));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
    return std::nullopt;
}

} // namespace

Name interface_from_file(const kmon::Root& root) {
    const auto path = root.etc / "netmon.conf";
    const auto text = kmon::read_file(path, longest_file);
    if (text) return name_in(*text, path.string());
    auto error = text.error();
    if (error.system == ENOENT) return std::nullopt;
    if (error.code == ExitCode::failed) error.code = ExitCode::bad_config;
    return kmon::fail(error);
}

Name interface_from_uci() {
    // `uci set netmon.interface=wwan0` makes a section named interface of type wwan0. In a file written by hand, it is
    // an option of the first section of type netmon.
    for (const char* const option : {"netmon.interface", "netmon.@netmon[0].interface"}) {
        const auto output = run_program({"uci", "-q", "get", option});
        if (!output) return kmon::fail(output.error());
        if (!*output) return std::nullopt;
        const std::string_view name = kmon::trimmed(**output);
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
