// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <linux/tcp.h> // glibc's own has a shorter tcp_info
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <thread>

#include "doctor.hpp"
#include "file.hpp"
#include "file_descriptor.hpp"

namespace kmon::cli {

namespace {

constexpr std::size_t tcp_bytes = 200'000;

Result<FileDescriptor> open_socket(int type) {
    FileDescriptor socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
    if (!socket) return fail(system_error("cannot open a socket", errno));
    return socket;
}

// Binds to 127.0.0.1, to a port that the kernel chooses.
Result<sockaddr_in> bind_to_loopback(const FileDescriptor& socket) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket.get(), generic, length) < 0 || ::getsockname(socket.get(), generic, &length) < 0)
        return fail(system_error("cannot bind a socket to 127.0.0.1", errno));
    return address;
}

// Sends to our own socket: a closed port would answer each datagram with an ICMP packet.
Result<void> send_datagrams(unsigned count) {
    const auto socket = open_socket(SOCK_DGRAM);
    if (!socket) return fail(socket.error());
    const auto address = bind_to_loopback(*socket);
    if (!address) return fail(address.error());
    std::array<char, 64> content{};
    for (unsigned i = 0; i < count; ++i) {
        const auto sent = ::sendto(socket->get(), content.data(), content.size(), 0,
                                   reinterpret_cast<const sockaddr*>(&*address), sizeof *address);
        if (sent < 0) return fail(system_error("cannot send to 127.0.0.1", errno));
        (void)::recv(socket->get(), content.data(), content.size(), MSG_DONTWAIT);
    }
    return {};
}

std::uint64_t segments_sent(const FileDescriptor& socket) {
    tcp_info info{};
    socklen_t length = sizeof info;
    if (::getsockopt(socket.get(), IPPROTO_TCP, TCP_INFO, &info, &length) < 0) return 0;
    return length >= offsetof(tcp_info, tcpi_segs_out) + sizeof info.tcpi_segs_out ? info.tcpi_segs_out : 0;
}

void send_all(const FileDescriptor& socket) {
    std::array<char, 4096> content{};
    for (std::size_t left = tcp_bytes; left > 0;) {
        const auto sent = ::send(socket.get(), content.data(), std::min(left, content.size()), MSG_NOSIGNAL);
        if (sent <= 0) break;
        left -= static_cast<std::size_t>(sent);
    }
    ::shutdown(socket.get(), SHUT_WR);
}

void receive_all(const FileDescriptor& socket) {
    std::array<char, 4096> content{};
    while (::recv(socket.get(), content.data(), content.size(), 0) > 0) {
    }
}

// Talks to itself over TCP; returns the segments that both ends sent.
Result<std::uint64_t> talk_tcp() {
    const auto listener = open_socket(SOCK_STREAM);
    if (!listener) return fail(listener.error());
    const auto address = bind_to_loopback(*listener);
    if (!address) return fail(address.error());
    const auto client = open_socket(SOCK_STREAM);
    if (!client) return fail(client.error());
    if (::listen(listener->get(), 1) < 0 ||
        ::connect(client->get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) < 0)
        return fail(system_error("cannot connect to 127.0.0.1", errno));
    const FileDescriptor server(::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!server) return fail(system_error("cannot accept a connection from 127.0.0.1", errno));

    std::thread sender([&] { send_all(*client); });
    receive_all(server);
    sender.join();
    return segments_sent(*client) + segments_sent(server);
}

Result<void> end_processes(unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
        const pid_t child = ::fork();
        if (child < 0) return fail(system_error("cannot start a process", errno));
        if (child == 0) ::_exit(0);
        ::waitpid(child, nullptr, 0);
    }
    return {};
}

} // namespace

Stimulus real_stimulus() {
    return {send_datagrams, talk_tcp, end_processes, [] { std::this_thread::sleep_for(std::chrono::seconds(1)); }};
}

} // namespace kmon::cli
