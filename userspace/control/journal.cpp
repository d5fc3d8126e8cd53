// SPDX-License-Identifier: GPL-2.0-only
#include "journal.hpp"

#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string_view>

#include "release.hpp"

namespace kmon::control {
namespace {

// systemd says which stream it gave us. A service that is started by hand may have inherited the variable.
bool stderr_is_the_journal() {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat about {};
    if (stream == nullptr || ::fstat(STDERR_FILENO, &about) < 0) return false;
    return std::string_view(stream) == std::to_string(about.st_dev) + ":" + std::to_string(about.st_ino);
}

// The journal looks up the unit of an entry when it reads it. If the process has already exited, for example because
// the configuration is bad, it finds no unit, and journalctl -u would not show why. So each entry names its unit.
const std::string& own_unit() {
    static const std::string unit = [] {
        char* name = nullptr;
        if (::sd_pid_get_unit(0, &name) < 0) return std::string();
        const std::unique_ptr<char, Release<std::free>> owned(name);
        return std::string(owned.get());
    }();
    return unit;
}

void to_journal(const Entry& entry) {
    std::vector<std::string> lines = {
        "MESSAGE=" + entry.message,
        "PRIORITY=" + std::to_string(entry.priority),
        std::string("MESSAGE_ID=") + message_id(entry.topic),
        "SYSLOG_IDENTIFIER=kmond",
    };
    if (!own_unit().empty()) lines.push_back("OBJECT_SYSTEMD_UNIT=" + own_unit());
    for (const auto& [name, value] : entry.fields)
        lines.push_back(name + "=" + value);
    std::vector<iovec> parts;
    parts.reserve(lines.size());
    for (auto& line : lines)
        parts.push_back({line.data(), line.size()});
    ::sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
}

void to_stderr(const Entry& entry) { std::cerr << "kmond: " << entry.message << std::endl; }

} // namespace

const char* message_id(Topic topic) {
    switch (topic) {
    case Topic::started: return "83b5994f9f214f19b785e3f80bf56539";
    case Topic::stopping: return "3ba2d9be770e4c84bc7686d70e4ca5e8";
    case Topic::config_refused: return "8e2c40e8fc3f4965899c9a1d97d57209";
    case Topic::reloaded: return "08421e0a3e984a0d809f40a3ebd8227a";
    case Topic::reload_undone: return "ebfbd0e4ba674a61bf7fb02367fc328e";
    case Topic::module_ready: return "28571e8ccb644965aa84e4f89b37a01e";
    case Topic::module_missing: return "37dc54dca1a440ca8bda40a13c6a87b6";
    case Topic::setting_written: return "366da47c5dde44238859e8b5c9712759";
    case Topic::setting_refused: return "571d88373c644952ac3d51bea5dad414";
    case Topic::interface_followed: return "b55f1f6835af4f43b4da242197e4ac8e";
    case Topic::interface_missing: return "084e75897bbb4e65b66e7de2cdefc7a9";
    case Topic::process_failed: return "f6ad2322e3a646298d607e1a7b48a6b1";
    case Topic::exits_suppressed: return "688104a07bc349449b484ea9501a3b33";
    }
    return "";
}

Journal open_journal() { return stderr_is_the_journal() ? to_journal : to_stderr; }

void tell(const Journal& journal, const ConfigReading& reading) {
    for (const auto& problem : reading.problems) {
        journal({Topic::config_refused,
                 LOG_ERR,
                 problem.text(),
                 {{"KMON_CONFIG_FILE", problem.file.native()},
                  {"KMON_CONFIG_LINE", std::to_string(problem.line)},
                  {"KMON_CONFIG_COLUMN", std::to_string(problem.column)},
                  {"KMON_CONFIG_KEY", problem.key}}});
    }
    if (reading.more > 0) journal({Topic::config_refused, LOG_ERR, reading.words().back(), {}});
}

std::string sentence(const Error& error) {
    return error.hint.empty() ? error.what : error.what + "; try: " + error.hint;
}

} // namespace kmon::control
