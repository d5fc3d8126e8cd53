// SPDX-License-Identifier: GPL-2.0-only
#include "sockets.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "escape.hpp"
#include "file.hpp"

namespace kmon::exporter {

namespace {

constexpr int backlog = 128;

union Address {
    sockaddr generic;
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_un file;
};

std::string host_of(const Address& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const bool v6 = address.generic.sa_family == AF_INET6;
    const void* host = v6 ? static_cast<const void*>(&address.v6.sin6_addr) : &address.v4.sin_addr;
    ::inet_ntop(address.generic.sa_family, host, text.data(), text.size());
    return v6 ? "[" + std::string(text.data()) + "]" : text.data();
}

bool is_loopback(const Address& address) {
    if (address.generic.sa_family == AF_INET) return ntohl(address.v4.sin_addr.s_addr) >> 24U == 127;
    if (IN6_IS_ADDR_V4MAPPED(&address.v6.sin6_addr)) return address.v6.sin6_addr.s6_addr[12] == 127;
    return IN6_IS_ADDR_LOOPBACK(&address.v6.sin6_addr);
}

Result<FileDescriptor> open_socket(int family) {
    FileDescriptor fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return fail(system_error("cannot open a socket", errno));
    return fd;
}

Result<Socket> listening(FileDescriptor fd, const Address& address, socklen_t length, const std::string& name) {
    if (::bind(fd.get(), &address.generic, length) < 0 || ::listen(fd.get(), backlog) < 0) {
        auto error = system_error("cannot listen on " + printable(name), errno);
        if (error.system == EADDRINUSE) error.hint = "another program listens there; is kmon-exporter.socket active?";
        return fail(std::move(error));
    }
    return known_socket(std::move(fd));
}

} // namespace

Result<Socket> known_socket(FileDescriptor fd) {
    Address address{};
    socklen_t length = sizeof address;
    int listens = 0;
    socklen_t size = sizeof listens;
    if (::getsockopt(fd.get(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0 || !listens ||
        ::getsockname(fd.get(), &address.generic, &length) < 0)
        return fail("the socket that systemd passed does not listen");
    Socket socket{.fd = std::move(fd), .address = {}};
    const int family = address.generic.sa_family;
    if (family == AF_UNIX) {
        const auto room = length > offsetof(sockaddr_un, sun_path) ? length - offsetof(sockaddr_un, sun_path) : 0;
        socket.address = std::string(address.file.sun_path, ::strnlen(address.file.sun_path, room));
        socket.loopback = socket.local_file = true;
    } else if (family == AF_INET || family == AF_INET6) {
        socket.address = host_of(address) + ":" +
                         std::to_string(ntohs(family == AF_INET ? address.v4.sin_port : address.v6.sin6_port));
        socket.loopback = is_loopback(address);
    } else {
        return fail("the socket is of an unknown kind");
    }
    return socket;
}

bool came_over_loopback(int fd) {
    Address address{};
    socklen_t length = sizeof address;
    if (::getsockname(fd, &address.generic, &length) < 0) return false;
    const auto family = address.generic.sa_family;
    return (family == AF_INET || family == AF_INET6) && is_loopback(address);
}

Result<Socket> listen_at(const std::string& host, std::uint16_t port) {
    Address address{};
    socklen_t length = sizeof address.v4;
    if (::inet_pton(AF_INET, host.c_str(), &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons(port);
    } else if (::inet_pton(AF_INET6, host.c_str(), &address.v6.sin6_addr) == 1) {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons(port);
        length = sizeof address.v6;
    } else {
        return fail(printable(host) + " is not an IP address");
    }
    auto fd = open_socket(address.generic.sa_family);
    if (!fd) return fail(fd.error());
    const int yes = 1;
    ::setsockopt(fd->get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    return listening(std::move(*fd), address, length, host + ":" + std::to_string(port));
}

// The group may connect, for a reverse proxy.
Result<Socket> listen_at_file(const std::string& path) {
    Address address{};
    if (path.size() >= sizeof address.file.sun_path)
        return fail("the path of the socket is too long: " + printable(path));
    address.file.sun_family = AF_UNIX;
    path.copy(address.file.sun_path, path.size());
    auto fd = open_socket(AF_UNIX);
    if (!fd) return fail(fd.error());
    struct stat about {};
    if (::lstat(path.c_str(), &about) == 0 && S_ISSOCK(about.st_mode))
        ::unlink(path.c_str()); // left by one that was killed
    const auto before = ::umask(0117);
    auto socket = listening(std::move(*fd), address, sizeof address.file, path);
    ::umask(before);
    return socket;
}

Result<std::vector<Socket>> open_sockets(const Config::Exporter& config) {
    std::vector<Socket> sockets;
    const auto take = [&](Result<Socket> socket) -> Result<void> {
        if (!socket) return fail(socket.error());
        sockets.push_back(std::move(*socket));
        return {};
    };
    const int handed_over = ::sd_listen_fds(/*unset_environment=*/1);
    if (handed_over < 0) return fail(system_error("cannot take over the sockets of systemd", -handed_over));
    for (int i = 0; i < handed_over; ++i) {
        const int fd = SD_LISTEN_FDS_START + i;
        ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
        if (auto taken = take(known_socket(FileDescriptor(fd))); !taken) return fail(taken.error());
        sockets.back().from_systemd = true;
    }
    if (handed_over > 0) return sockets;
    if (auto taken = take(listen_at(config.host, config.port)); !taken) return fail(taken.error());
    if (!config.unix_socket.empty())
        if (auto taken = take(listen_at_file(config.unix_socket)); !taken) return fail(taken.error());
    return sockets;
}

std::string without_effect(const std::vector<Socket>& sockets, const Config::Exporter& config) {
    std::string addresses;
    for (const auto& socket : sockets) {
        if (!socket.from_systemd) return "";
        addresses += (addresses.empty() ? "" : " and ") + socket.address;
    }
    const auto is_there = [&](const std::string& address) {
        return std::ranges::find(sockets, address, &Socket::address) != sockets.end();
    };
    const auto in_words = [&](const std::string& key, const std::string& address) {
        return key + " = \"" + printable(address) +
               "\" in [exporter] of /etc/kmon.toml has no effect: " + "kmon-exporter.socket listens on " + addresses +
               "; to change that: systemctl edit kmon-exporter.socket";
    };
    const Config::Exporter usual;
    const bool v6 = config.host.find(':') != std::string::npos;
    const auto listen = (v6 ? "[" + config.host + "]" : config.host) + ":" + std::to_string(config.port);
    const bool set = config.host != usual.host || config.port != usual.port;
    if (set && !is_there(listen)) return in_words("listen", listen);
    if (!config.unix_socket.empty() && !is_there(config.unix_socket))
        return in_words("unix_socket", config.unix_socket);
    return "";
}

Result<void> allow(const Socket& socket, const Config::Exporter& config) {
    if (socket.loopback || config.insecure || !config.tls_certificate.empty()) return {};
    return fail(
        "not listening on " + socket.address + ": others could read what is sent there, including MAC addresses",
        ExitCode::bad_config, "in [exporter] of /etc/kmon.toml set tls_certificate and tls_key, or insecure = true");
}

} // namespace kmon::exporter
