// SPDX-License-Identifier: GPL-2.0-only
// The exporter's HTTP: libmicrohttpd in one thread that never waits for a client. Clients that are slow, idle or send
// too much are disconnected, so that the others are served.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "readings.hpp"
#include "result.hpp"
#include "sockets.hpp"
#include "users.hpp"

namespace kmon::exporter {

struct Limits {
    std::size_t connections = 64;
    std::size_t streams = 16;
    std::size_t questions = 8;                       // that wait for their answer from the history
    std::size_t held = std::size_t{16} << 20U;       // bytes that are being sent, but for what streams are sent
    std::size_t memory = std::size_t{16} * 1024;     // of a connection: what its request may be long, about
    std::chrono::milliseconds first_request{10'000}; // to come, from the connection on
    std::chrono::milliseconds next_request{120'000}; // a scraper keeps its connection
    std::chrono::milliseconds answer{30'000};        // time to receive it
    std::chrono::milliseconds event{1'000};          // between two events of a stream
};

struct Tls {
    std::string certificate; // PEM
    std::string key;
};

class Server {
public:
    // tls: for network sockets; nothing: unencrypted.
    static Result<std::unique_ptr<Server>> open(std::vector<Socket> sockets, const std::optional<Tls>& tls,
                                                Readings readings, Users users, const Limits& limits);
    virtual ~Server() = default;

    // The event loop calls work() when one of these is readable, and when the time is up.
    virtual std::vector<int> descriptors() const = 0;
    virtual std::optional<std::chrono::milliseconds> time_left() const = 0; // nothing: until somebody comes
    virtual void work() = 0;

    virtual std::size_t connections() const = 0;
    virtual std::size_t streams() const = 0;
    virtual const Readings& readings() const = 0;
};

} // namespace kmon::exporter
