// SPDX-License-Identifier: GPL-2.0-only
#include "netlink.hpp"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace kmon {
namespace {

// The maximum that the kernel puts into one datagram of a dump.
constexpr std::size_t datagram_size = std::size_t{32} * 1024;

tl::unexpected<Error> failed(const std::string& doing, int error) {
    return fail("rtnetlink: cannot " + doing + ": " + std::system_category().message(error));
}

constexpr std::size_t aligned(std::size_t length) { return (length + 3) & ~std::size_t{3}; }

Bytes after(Bytes bytes, std::size_t length) { return bytes.subspan(std::min(aligned(length), bytes.size())); }

// False if a message is truncated.
template <class Visit>
bool for_each_message(Bytes datagram, const Visit& visit) {
    while (const auto message = read_as<nlmsghdr>(datagram)) {
        if (message->nlmsg_len < sizeof(nlmsghdr) || message->nlmsg_len > datagram.size()) return false;
        visit(*message, datagram.first(message->nlmsg_len).subspan(sizeof(nlmsghdr)));
        datagram = after(datagram, message->nlmsg_len);
    }
    return true;
}

} // namespace

void for_each_attribute(Bytes bytes, const std::function<void(unsigned type, Bytes payload)>& visit) {
    while (const auto attribute = read_as<nlattr>(bytes)) {
        if (attribute->nla_len < sizeof(nlattr) || attribute->nla_len > bytes.size()) return;
        const unsigned type =
            attribute->nla_type & static_cast<unsigned>(NLA_TYPE_MASK); // without the flag for nested attributes
        visit(type, bytes.first(attribute->nla_len).subspan(sizeof(nlattr)));
        bytes = after(bytes, attribute->nla_len);
    }
}

NetlinkSocket::NetlinkSocket(FileDescriptor fd) : fd_(std::move(fd)), buffer_(datagram_size) {}

Result<NetlinkSocket> NetlinkSocket::open(std::initializer_list<unsigned> groups) {
    NetlinkSocket socket(FileDescriptor(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)));
    if (!socket.fd_) return failed("open a socket", errno);
    const int fd = socket.fd();
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
        return failed("bind a socket", errno);
    for (const unsigned group : groups) {
        if (::setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0)
            return failed("listen to group " + std::to_string(group), errno);
    }
    return socket;
}

Result<void> NetlinkSocket::request_dump(std::uint16_t type, Bytes header) {
    nlmsghdr about{};
    about.nlmsg_len = static_cast<std::uint32_t>(sizeof about + header.size());
    about.nlmsg_type = type;
    about.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    about.nlmsg_seq = ++sequence_;
    std::vector<std::byte> message(about.nlmsg_len);
    std::memcpy(message.data(), &about, sizeof about);
    std::ranges::copy(header, message.begin() + sizeof about);
    if (::send(fd(), message.data(), message.size(), 0) < 0) return failed("ask for a dump", errno);
    return {};
}

Result<Bytes> NetlinkSocket::receive() {
    ssize_t length = 0;
    do {
        length = ::recv(fd(), buffer_.data(), buffer_.size(), MSG_TRUNC);
    } while (length < 0 && errno == EINTR);
    if (length < 0) return failed("receive a dump", errno);
    if (static_cast<std::size_t>(length) > buffer_.size()) return failed("receive a dump", EMSGSIZE);
    return Bytes(buffer_).first(static_cast<std::size_t>(length));
}

Result<bool> NetlinkSocket::dump_once(std::uint16_t type, Bytes header,
                                      const std::function<void(Bytes payload)>& visit) {
    if (auto sent = request_dump(type, header); !sent) return fail(sent.error());
    bool consistent = true;
    for (;;) {
        const auto datagram = receive();
        if (!datagram) return fail(datagram.error());
        std::optional<int> end; // an errno, or 0
        const bool read = for_each_message(*datagram, [&](const nlmsghdr& about, Bytes payload) {
            if (about.nlmsg_seq != sequence_ || end) return; // another sequence: an earlier dump that was abandoned
            if ((about.nlmsg_flags & NLM_F_DUMP_INTR) != 0) consistent = false;
            if (about.nlmsg_type == NLMSG_DONE)
                end = 0;
            else if (about.nlmsg_type == NLMSG_ERROR)
                end = -read_as<int>(payload).value_or(-EBADMSG);
            else
                visit(payload);
        });
        if (!read) return failed("read a dump", EBADMSG);
        if (end && *end != 0) return failed("dump", *end);
        if (end) return consistent;
    }
}

Result<bool> NetlinkSocket::take_waiting(const std::function<void(std::uint16_t type, Bytes payload)>& visit) {
    constexpr int most = 1000; // datagrams
    bool lost = false;
    for (int datagram = 0; datagram < most; ++datagram) {
        const ssize_t length = ::recv(fd(), buffer_.data(), buffer_.size(), MSG_DONTWAIT | MSG_TRUNC);
        if (length < 0) {
            if (errno == EAGAIN) break;
            if (errno == ENOBUFS)
                lost = true;
            else if (errno != EINTR)
                return failed("receive events", errno);
            continue;
        }
        const auto whole = std::min(static_cast<std::size_t>(length), buffer_.size());
        const bool read = for_each_message(Bytes(buffer_).first(whole), [&](const nlmsghdr& about, Bytes payload) {
            visit(about.nlmsg_type, payload);
        });
        lost = lost || !read || whole != static_cast<std::size_t>(length);
    }
    return lost;
}

} // namespace kmon
