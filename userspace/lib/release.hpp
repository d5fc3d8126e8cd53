// SPDX-License-Identifier: GPL-2.0-only
// What a std::unique_ptr gives back to a C library: std::unique_ptr<kmod_ctx, Release<kmod_unref>>.
#pragma once

namespace kmon {

template <auto release>
struct Release {
    template <class T>
    void operator()(T* object) const {
        release(object);
    }
};

} // namespace kmon
