// SPDX-License-Identifier: GPL-2.0-only
// An rtnetlink socket, with bounds-checked parsing. It uses the kernel's headers and no library: Debian has no static
// libmnl, and netmon must build alone and static for small systems.
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

// A T from the start of `bytes`, whatever their alignment; nothing if there are too few.
template <class T>
std::optional<T> read_as(Bytes bytes) {
    T value;
    if (bytes.size() < sizeof value) return std::nullopt;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

// Calls visit for each attribute in `bytes`, up to one that is truncated.
void for_each_attribute(Bytes bytes, const std::function<void(unsigned type, Bytes payload)>& visit);

class NetlinkSocket {
public:
    // groups: the RTNLGRP_* to subscribe to.
    static Result<NetlinkSocket> open(std::initializer_list<unsigned> groups = {});

    int fd() const { return fd_.get(); }

    // All answers to the dump request `type` with the given header, converted by `parse`; answers for which it returns
    // nothing are left out.
    template <class T, class Header>
    Result<std::vector<T>> dump(std::uint16_t type, const Header& header, std::optional<T> (*parse)(Bytes)) {
        std::vector<T> answers;
        const auto keep = [&](Bytes payload) {
            if (auto answer = parse(payload)) answers.push_back(std::move(*answer));
        };
        // If something changes during a dump, even unchanged items may be missing: try again. If changes never end, use
        // the last one.
        for (int attempt = 0; attempt < 4; ++attempt) {
            answers.clear();
            const auto consistent = dump_once(type, std::as_bytes(std::span(&header, 1)), keep);
            if (!consistent) return fail(consistent.error());
            if (*consistent) break;
        }
        return answers;
    }

    // Calls visit for each pending message. True: some were lost for lack of room. If messages never end, it stops
    // after some; the rest is left for the next call.
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
