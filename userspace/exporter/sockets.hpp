// SPDX-License-Identifier: GPL-2.0-only
// Where the exporter listens: at the sockets that systemd hands over, or else at those of the configuration.
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
    bool loopback = false;   // nobody on another host reaches it
    bool local_file = false; // AF_UNIX
    bool from_systemd = false;
};

// What it is, of a socket that listens.
Result<Socket> known_socket(FileDescriptor fd);

// Of a connection: did it come to 127.0.0.1 or ::1?
bool came_over_loopback(int fd);

Result<Socket> listen_at(const std::string& host, std::uint16_t port);
Result<Socket> listen_at_file(const std::string& path);

// systemd's, or the configuration's where there are none.
Result<std::vector<Socket>> open_sockets(const Config::Exporter& config);

// With systemd's sockets, `listen` and `unix_socket` of the configuration have no effect. In words, where somebody set
// them to something else; empty: that is not so.
std::string without_effect(const std::vector<Socket>& sockets, const Config::Exporter& config);

// Whether figures of this host may go out there as configured: in the clear over a network only by express wish.
Result<void> allow(const Socket& socket, const Config::Exporter& config);

} // namespace kmon::exporter
