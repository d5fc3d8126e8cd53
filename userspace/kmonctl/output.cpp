// SPDX-License-Identifier: GPL-2.0-only
#include "output.hpp"

#include <unistd.h>

#include <cerrno>

namespace kmon::cli {

Output::int_type Output::overflow(int_type character) {
    if (sync() < 0) return traits_type::eof();
    if (!traits_type::eq_int_type(character, traits_type::eof())) sputc(traits_type::to_char_type(character));
    return traits_type::not_eof(character);
}

int Output::sync() {
    const char* next = pbase();
    while (next < pptr() && error_ == 0) {
        const auto written = ::write(descriptor_, next, static_cast<std::size_t>(pptr() - next));
        if (written >= 0)
            next += written;
        else if (errno != EINTR)
            error_ = errno;
    }
    setp(buffer_.data(), buffer_.data() + buffer_.size());
    return error_ == 0 ? 0 : -1;
}

} // namespace kmon::cli
