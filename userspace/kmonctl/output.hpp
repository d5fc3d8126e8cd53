// SPDX-License-Identifier: GPL-2.0-only
// Standard output that remembers why a write failed: std::cout only knows that it did.
#pragma once

#include <array>
#include <streambuf>

namespace kmon::cli {

class Output : public std::streambuf {
public:
    explicit Output(int descriptor) : descriptor_(descriptor) { setp(buffer_.data(), buffer_.data() + buffer_.size()); }

    int error() const { return error_; } // an errno; 0: everything was written

protected:
    int_type overflow(int_type character) override;
    int sync() override;

private:
    int descriptor_;
    int error_ = 0;
    std::array<char, 16384> buffer_{};
};

} // namespace kmon::cli
