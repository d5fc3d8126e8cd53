// SPDX-License-Identifier: GPL-2.0-only
#include "netlink.hpp"

#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace kmon {
namespace {

// What the kernel itself gathers into one datagram of a dump, at most.
constexpr std::size_t datagram_size = std::size_t{32} * 1024;

tl::unexpected<Error> failed(const std::string& doing, int error) {
    return fail("rtnetlink: cannot " + doing + ": " + std::system_category().message(error));
}

constexpr std::size_t aligned(std::size_t length) { return (length + 3) & ~std::size_t{3}; }

Bytes after(Bytes bytes, std::size_t length) { return bytes.subspan(std::min(aligned(length), bytes.size())); }

} // namespace

void for_each_attribute(Bytes bytes, const std::function<void(unsigned type, Bytes payload)>& visit) {
    while (const auto attribute = read_as<nlattr>(bytes)) {
        if (attribute->nla_len < sizeof(nlattr) || attribute->nla_len > bytes.size()) return;
        const unsigned type =
            attribute->nla_type & static_cast<unsigned>(NLA_TYPE_MASK); // without the flag for nested ones
        visit(type, bytes.first(attribute->nla_len).subspan(sizeof(nlattr)));
        bytes = after(bytes, attribute->nla_len);
    }
}

NetlinkSocket::NetlinkSocket(int fd) : fd_(fd), buffer_(datagram_size) {}

NetlinkSocket::NetlinkSocket(NetlinkSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), sequence_(other.sequence_), buffer_(std::move(other.buffer_)) {}

NetlinkSocket& NetlinkSocket::operator=(NetlinkSocket&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(sequence_, other.sequence_);
    std::swap(buffer_, other.buffer_);
    return *this;
}

NetlinkSocket::~NetlinkSocket() {
    if (fd_ >= 0) ::close(fd_);
}

Result<NetlinkSocket> NetlinkSocket::open(std::initializer_list<unsigned> groups) {
    const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0) return failed("open a socket", errno);
    NetlinkSocket socket(fd);
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
    if (::send(fd_, message.data(), message.size(), 0) < 0) return failed("ask for a dump", errno);
    return {};
}

Result<Bytes> NetlinkSocket::receive() {
    ssize_t length = 0;
    do {
        length = ::recv(fd_, buffer_.data(), buffer_.size(), MSG_TRUNC);
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
        Bytes rest = *datagram;
        while (const auto message = read_as<nlmsghdr>(rest)) {
            if (message->nlmsg_len < sizeof(nlmsghdr) || message->nlmsg_len > rest.size())
                return failed("read a dump", EBADMSG);
            const Bytes payload = rest.first(message->nlmsg_len).subspan(sizeof(nlmsghdr));
            rest = after(rest, message->nlmsg_len);
            if (message->nlmsg_seq != sequence_) continue; // of an earlier dump that was given up
            if ((message->nlmsg_flags & NLM_F_DUMP_INTR) != 0) consistent = false;
            if (message->nlmsg_type == NLMSG_DONE) return consistent;
            if (message->nlmsg_type == NLMSG_ERROR) return failed("dump", -read_as<int>(payload).value_or(-EBADMSG));
            visit(payload);
        }
    }
}

Result<bool> NetlinkSocket::drain() const {
    for (bool something = false;; something = true) {
        // With MSG_TRUNC a single byte of room takes a whole datagram.
        std::byte byte{};
        while (::recv(fd_, &byte, sizeof byte, MSG_DONTWAIT | MSG_TRUNC) < 0) {
            if (errno == EAGAIN) return something;
            if (errno == ENOBUFS)
                something = true;
            else if (errno != EINTR)
                return failed("receive events", errno);
        }
    }
}

} // namespace kmon
