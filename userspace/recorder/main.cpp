// SPDX-License-Identifier: GPL-2.0-only
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <exception>
#include <iostream>

#include "service.hpp"
#include "standard_streams.hpp"
#include "version.hpp"

namespace {

using namespace kmon;

// A directory that systemd created for the service, from the variable that names it.
std::filesystem::path place(const char* variable, const char* otherwise) {
    const char* value = std::getenv(variable);
    return value != nullptr && *value != '\0' ? value : otherwise;
}

// Runs the program; returns the exit code.
int run(int argc, char** argv) {
    CLI::App app("Keep a history of what kmon counts. Started by kmon-recorder.service.", "kmon-recorder");
    recorder::Places places = {place("STATE_DIRECTORY", "/var/lib/kmon"),
                               place("RUNTIME_DIRECTORY", "/run/kmon-recorder")};
    app.set_version_flag("--version", std::string("kmon-recorder ") + version);
    app.add_option("--state", places.state, "Directory of the history (default: $STATE_DIRECTORY, or /var/lib/kmon)")
        ->type_name("DIRECTORY");
    app.add_option("--runtime", places.runtime,
                   "Directory of a history in memory (default: $RUNTIME_DIRECTORY, or /run/kmon-recorder)")
        ->type_name("DIRECTORY");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? status_of(ExitCode::ok) : status_of(ExitCode::usage);
    }
    // Under systemd the unit decides who may read the history. When started by hand, only this user and group may.
    if (std::getenv("STATE_DIRECTORY") == nullptr) ::umask(0027);
    const bool terminal = ::isatty(STDERR_FILENO) == 1;
    const auto tell = [terminal](int priority, const std::string& what) {
        if (terminal)
            std::cerr << "kmon-recorder: " << what << '\n';
        else // in the format that systemd parses
            std::cerr << '<' << priority << '>' << what << '\n';
    };
    const auto served = recorder::serve(Root(), places, tell);
    if (served) return status_of(ExitCode::ok);
    tell(LOG_ERR, served.error().what + (served.error().hint.empty() ? "" : "; do: " + served.error().hint));
    return status_of(served.error().code);
}

} // namespace

int main(int argc, char** argv) {
    kmon::reserve_standard_streams();
    try {
        return run(argc, argv);
    } catch (const std::exception& error) { // out of memory, for example
        std::cerr << "kmon-recorder: " << error.what() << '\n';
        return kmon::status_of(kmon::ExitCode::failed);
    }
}
