// SPDX-License-Identifier: GPL-2.0-only
// A deleter that calls a C library's function: std::unique_ptr<kmod_ctx, Release<kmod_unref>>.
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
