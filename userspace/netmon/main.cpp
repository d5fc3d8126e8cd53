// SPDX-License-Identifier: GPL-2.0-only
// netmon: the kernel's figures of network interfaces as JSON lines on standard output.
#include <csignal>
#include <exception>
#include <iostream>
#include <utility>

#include "configured_interface.hpp"
#include "links.hpp"
#include "options.hpp"
#include "output.hpp"
#include "reading.hpp"
#include "standard_streams.hpp"

namespace {

using kmon::Result;

void say(const std::string& words) { std::cerr << "netmon: " << words << '\n'; }

Result<void> watch(const netmon::Options& options) {
    netmon::Selection selection{options.interfaces, options.excluded};
    const auto if_missing = selection.wanted.empty() ? netmon::IfMissing::wait : netmon::IfMissing::fail;
    if (selection.wanted.empty()) {
        const auto configured = netmon::configured_interface({});
        if (!configured) return kmon::fail(configured.error());
        selection.wanted = {*configured};
    }
    auto links = kmon::Links::open();
    if (!links) return kmon::fail(links.error());
    netmon::Readings readings(std::move(*links), std::move(selection), options.style, if_missing);

    const auto interval = std::chrono::duration_cast<std::chrono::steady_clock::duration>(options.interval);
    auto next = std::chrono::steady_clock::now();
    // Skip moments that a slow reader missed, so that readings stay an interval apart.
    const auto wait = [&] {
        const auto now = std::chrono::steady_clock::now();
        do
            next += interval;
        while (next <= now);
        return netmon::sleep_until(next);
    };
    // For rates, the first reading is only the base and is not printed.
    bool base = options.style.rates;
    for (std::uint64_t printed = 0;;) {
        const auto reading = readings.next();
        if (!reading) return kmon::fail(reading.error());
        for (const auto& note : reading->notes)
            say(note);
        if (!reading->waiting && !std::exchange(base, false)) {
            const auto more = netmon::write_all(reading->lines);
            if (!more) return kmon::fail(more.error());
            if (!*more || ++printed == options.count) return {};
        }
        if (!wait()) return {};
    }
}

kmon::ExitCode run(int argc, char** argv) {
    const auto parsed = netmon::parse_command_line(argc, argv);
    if (const auto* const status = std::get_if<kmon::ExitCode>(&parsed)) return *status;
    (void)std::signal(SIGPIPE, SIG_IGN); // write() then fails with EPIPE
    const auto watched = watch(std::get<netmon::Options>(parsed));
    if (watched) return kmon::ExitCode::ok;
    say(watched.error().what);
    if (!watched.error().hint.empty()) say(watched.error().hint);
    return watched.error().code;
}

} // namespace

int main(int argc, char** argv) {
    kmon::reserve_standard_streams();
    try {
        return kmon::status_of(run(argc, argv));
    } catch (const std::exception& error) { // out of memory, for example
        say(error.what());
        return kmon::status_of(kmon::ExitCode::failed);
    }
}
