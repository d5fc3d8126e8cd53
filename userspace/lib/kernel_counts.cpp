// SPDX-License-Identifier: GPL-2.0-only
#include "kernel_counts.hpp"

#include <charconv>
#include <sstream>

#include "escape.hpp"
#include "file.hpp"

namespace kmon {

namespace {

Result<std::uint64_t> number(const std::string& text, const std::string& file) {
    std::uint64_t value = 0;
    const auto* const end = text.data() + text.size();
    if (text.empty() || std::from_chars(text.data(), end, value).ec != std::errc())
        return fail(file + ": not a number");
    return value;
}

} // namespace

Result<std::uint64_t> interface_count(const Root& root, const std::string& interface, const std::string& name) {
    const auto file = root.sys / "class" / "net" / interface / "statistics" / name;
    const auto content = read_file(file);
    if (!content) return fail(content.error());
    return number(*content, printable(file.string()));
}

// The file has a line of names and a line of numbers, both beginning with "Tcp:".
Result<std::uint64_t> tcp_count(const Root& root, const std::string& name) {
    const auto file = root.proc / "net" / "snmp";
    const auto content = read_file(file, 65536);
    if (!content) return fail(content.error());
    std::istringstream lines(*content);
    std::string names_line;
    std::string numbers_line;
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("Tcp:")) (names_line.empty() ? names_line : numbers_line) = line;

    std::istringstream names(names_line);
    std::istringstream numbers(numbers_line);
    std::string one;
    std::string value;
    while (names >> one && numbers >> value)
        if (one == name) return number(value, file.string());
    return fail(file.string() + ": no Tcp: " + name);
}

} // namespace kmon
