// SPDX-License-Identifier: GPL-2.0-only
#include "module_events.hpp"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "file.hpp"

namespace kmon {
namespace {

// "add@/module/kstat", then fields.
bool is_about_a_module(std::string_view message) {
    const auto at = message.find('@');
    return at != std::string_view::npos && message.substr(at).starts_with("@/module/");
}

} // namespace

Result<ModuleEvents> ModuleEvents::open() {
    FileDescriptor socket(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT));
    if (!socket) return fail(system_error("cannot listen to the kernel's events (NETLINK_KOBJECT_UEVENT)", errno));
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = 1; // the kernel's group; udev has another one
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
        return fail(system_error("cannot listen to the kernel's events (NETLINK_KOBJECT_UEVENT)", errno));
    return ModuleEvents(std::move(socket));
}

bool ModuleEvents::drain() {
    std::array<char, 8192> message{};
    bool heard = false;
    for (;;) {
        const auto length = ::recv(socket_.get(), message.data(), message.size(), 0);
        if (length >= 0)
            heard |= is_about_a_module({message.data(), static_cast<std::size_t>(length)});
        else if (errno == ENOBUFS)
            heard = true;
        else if (errno != EINTR)
            return heard;
    }
}

} // namespace kmon
