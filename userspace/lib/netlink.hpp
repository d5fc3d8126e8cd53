// SPDX-License-Identifier: GPL-2.0-only
// An rtnetlink socket, and a bounds-checked way through what it brings. The kernel's own headers and no library: Debian
// has no static libmnl, and netmon has to build alone and static for small systems.
#pragma once

#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

#include "file_descriptor.hpp"
#include "result.hpp"

namespace kmon {

using Bytes = std::span<const std::byte>;

// A T from the start of `bytes`, at whatever address they lie; nothing when they are too few.
template <class T>
std::optional<T> read_as(Bytes bytes) {
    T value;
    if (bytes.size() < sizeof value) return std::nullopt;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

// Calls visit for each attribute in `bytes`, up to one that is cut short.
void for_each_attribute(Bytes bytes, const std::function<void(unsigned type, Bytes payload)>& visit);

class NetlinkSocket {
public:
    // groups: the RTNLGRP_* to hear of.
    static Result<NetlinkSocket> open(std::initializer_list<unsigned> groups = {});

    int fd() const { return fd_.get(); }

    // All answers to the dump request `type`, whose own header is `header`, as `parse` makes them of their payload;
    // those of which it makes nothing are left out.
    template <class T, class Header>
    Result<std::vector<T>> dump(std::uint16_t type, const Header& header, std::optional<T> (*parse)(Bytes)) {
        std::vector<T> answers;
        const auto keep = [&](Bytes payload) {
            if (auto answer = parse(payload)) answers.push_back(std::move(*answer));
        };
        // A dump during which something changed may lack what did not. Where changes never end, the last has to do.
        for (int attempt = 0; attempt < 4; ++attempt) {
            answers.clear();
            const auto consistent = dump_once(type, std::as_bytes(std::span(&header, 1)), keep);
            if (!consistent) return fail(consistent.error());
            if (*consistent) break;
        }
        return answers;
    }

    // Calls visit for each message that waits. True: some were lost for lack of room. Where they never end, it does:
    // the rest waits for the next call.
    Result<bool> take_waiting(const std::function<void(std::uint16_t type, Bytes payload)>& visit);

private:
    explicit NetlinkSocket(FileDescriptor fd);

    Result<bool> dump_once(std::uint16_t type, Bytes header, const std::function<void(Bytes payload)>& visit);
    Result<void> request_dump(std::uint16_t type, Bytes header);
    Result<Bytes> receive();

    FileDescriptor fd_;
    std::uint32_t sequence_ = 0;
    std::vector<std::byte> buffer_;
};

} // namespace kmon
