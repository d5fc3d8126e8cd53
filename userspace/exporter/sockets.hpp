// SPDX-License-Identifier: GPL-2.0-only
// Where the exporter listens: on the sockets that systemd passes, or else on those in the configuration.
#pragma once

#include <string>
#include <vector>

#include "config.hpp"
#include "file_descriptor.hpp"
#include "result.hpp"

namespace kmon::exporter {

struct Socket {
    FileDescriptor fd;
    std::string address;     // "127.0.0.1:9778", "/run/kmon-exporter.sock"
    bool loopback = false;   // not reachable from another host
    bool local_file = false; // AF_UNIX
    bool from_systemd = false;
};

// Identifies a socket that already listens.
Result<Socket> known_socket(FileDescriptor fd);

// Was this connection made to 127.0.0.1 or ::1?
bool came_over_loopback(int fd);

Result<Socket> listen_at(const std::string& host, std::uint16_t port);
Result<Socket> listen_at_file(const std::string& path);

// systemd's sockets, or else those in the configuration.
Result<std::vector<Socket>> open_sockets(const Config::Exporter& config);

// With systemd's sockets, `listen` and `unix_socket` in the configuration have no effect. A warning if somebody set
// them to something else; otherwise empty.
std::string without_effect(const std::vector<Socket>& sockets, const Config::Exporter& config);

// May this host's figures be sent there? Unencrypted over a network only if the configuration says so.
Result<void> allow(const Socket& socket, const Config::Exporter& config);

} // namespace kmon::exporter
