// SPDX-License-Identifier: GPL-2.0-only
#include "finding.hpp"

#include <utility>

namespace kmon {

Finding skipped(const std::string& subject, const Error& error) {
    return {subject, Finding::skipped, error.code == ExitCode::not_running ? "not counted" : error.what, ""};
}

Finding wrong(const std::string& subject, std::string words, const std::string& module) {
    return {subject, Finding::bad, std::move(words), load_anew(module)};
}

std::string load_anew(const std::string& module) { return "modprobe -r " + module + " && kmonctl apply"; }

} // namespace kmon
