// SPDX-License-Identifier: GPL-2.0-only
#include <syslog.h>
#include <systemd/sd-daemon.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>

#include "config.hpp"
#include "control/event_loop.hpp"
#include "file.hpp"
#include "server.hpp"
#include "sockets.hpp"
#include "standard_streams.hpp"
#include "version.hpp"

namespace {

using namespace kmon;
using namespace kmon::exporter;

// A name without a directory is a credential, which systemd passes only to this service: see LoadCredential= in
// systemd.exec(5).
std::filesystem::path place_of(const std::string& file) {
    const char* credentials = std::getenv("CREDENTIALS_DIRECTORY");
    const std::filesystem::path path = file;
    return path.is_absolute() || credentials == nullptr ? path : credentials / path;
}

Result<std::optional<Tls>> read_tls(const Config::Exporter& config) {
    constexpr std::size_t longest = std::size_t{1} << 20U;
    if (config.tls_certificate.empty() && config.tls_key.empty()) return std::nullopt;
    if (config.tls_certificate.empty() || config.tls_key.empty())
        return fail("TLS needs a certificate and its key", ExitCode::bad_config,
                    "in [exporter] of /etc/kmon.toml set both tls_certificate and tls_key");
    auto certificate = read_file(place_of(config.tls_certificate), longest);
    if (!certificate) return fail(certificate.error());
    auto key = read_file(place_of(config.tls_key), longest);
    if (!key) return fail(key.error());
    return Tls{std::move(*certificate), std::move(*key)};
}

Result<std::unique_ptr<Server>> open_server(const Root& root) {
    const auto config = load_config(root);
    if (!config) return fail(config.error());
    const auto& exporter = config->exporter;
    auto tls = read_tls(exporter);
    if (!tls) return fail(tls.error());
    auto sockets = open_sockets(exporter);
    if (!sockets) return fail(sockets.error());
    if (const auto words = without_effect(*sockets, exporter); !words.empty()) std::cerr << SD_WARNING << words << '\n';
    for (const auto& socket : *sockets) {
        if (auto allowed = allow(socket, exporter); !allowed) return fail(allowed.error());
        std::cerr << SD_INFO "listening on " << socket.address << (*tls && !socket.local_file ? ", with TLS\n" : "\n");
    }
    return Server::open(std::move(*sockets), *tls, Readings(root, exporter.top), Users(exporter.users), {});
}

// Serves until SIGTERM or SIGINT.
Result<void> serve(const Root& root) {
    auto server = open_server(root);
    if (!server) return fail(server.error());
    auto loop = control::EventLoop::open();
    if (!loop) return fail(loop.error());
    control::EventLoop::Timer* timer = nullptr;
    const auto work = [&] {
        // One turn handles a little from each client. The timer is used when nothing is left to do at once.
        constexpr int most_turns = 32;
        std::optional<std::chrono::milliseconds> left;
        for (int turn = 0; turn < most_turns; ++turn) {
            (*server)->work();
            left = (*server)->time_left();
            if (!left || left->count() > 0) break;
        }
        if (left) timer->arm(*left);
    };
    auto added = loop->add_timer(work);
    if (!added) return fail(added.error());
    timer = *added;
    for (const int descriptor : (*server)->descriptors())
        if (auto set = loop->on_readable(descriptor, work); !set) return set;
    for (const int signal : {SIGTERM, SIGINT})
        if (auto set = loop->on_signal(signal, [&] { loop->stop(); }); !set) return set;
    ::sd_notify(0, "READY=1");
    return loop->run();
}

ExitCode run(int argc, char** argv) {
    CLI::App app("Serve what kmon counts over HTTP: metrics, JSON and a live page. Started by kmon-exporter.socket.",
                 "kmon-exporter");
    app.set_version_flag("--version", std::string("kmon-exporter ") + version);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? ExitCode::ok : ExitCode::usage;
    }
    const auto outcome = serve(Root());
    if (outcome) return ExitCode::ok;
    std::cerr << "kmon-exporter: " << outcome.error().what << '\n';
    if (!outcome.error().hint.empty()) std::cerr << "  " << outcome.error().hint << '\n';
    return outcome.error().code;
}

} // namespace

int main(int argc, char** argv) {
    kmon::reserve_standard_streams();
    // If a client leaves, write(2) fails instead.
    (void)std::signal(SIGPIPE, SIG_IGN);
    try {
        return kmon::status_of(run(argc, argv));
    } catch (const std::exception& error) { // out of memory, for example
        std::cerr << "kmon-exporter: " << error.what() << '\n';
        return kmon::status_of(kmon::ExitCode::failed);
    }
}
