// SPDX-License-Identifier: GPL-2.0-only
// kmond's log: to the journal with fields, or to a terminal.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "config.hpp"
#include "result.hpp"

namespace kmon::control {

// Each kind of entry has a MESSAGE_ID (see journal.cpp), and an explanation in systemd/kmon.catalog.
enum class Topic {
    started,
    stopping,
    config_refused,
    reloaded,
    reload_undone,
    module_ready,
    module_missing,
    setting_written,
    setting_refused,
    interface_followed,
    interface_missing,
    process_failed,
    exits_suppressed,
};

struct Entry {
    Topic topic;
    int priority; // LOG_INFO, LOG_WARNING ... of <syslog.h>
    std::string message;
    std::vector<std::pair<std::string, std::string>> fields;
};

using Journal = std::function<void(const Entry&)>;

// Logs to the journal if stderr is connected to it, otherwise to stderr.
Journal open_journal();

const char* message_id(Topic topic);

// Logs each problem of a configuration as an entry.
void tell(const Journal& journal, const ConfigReading& reading);

// "what; try: hint"
std::string sentence(const Error& error);

} // namespace kmon::control
