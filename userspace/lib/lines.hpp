// SPDX-License-Identifier: GPL-2.0-only
// A file of the kernel's, line by line, read as it is asked for: a view can have a million lines.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "file_descriptor.hpp"
#include "result.hpp"

namespace kmon {

class Lines {
public:
    // No line that a module writes comes near this length.
    static constexpr std::size_t longest = 65536;

    // owner: whose file it is, for the error where it is missing or vanishes while it is read.
    static Result<Lines> open(const std::filesystem::path& path, std::string owner);
    static Lines of_text(std::string name, std::string text);

    // Without its newline; valid until the next call. Nothing at the end.
    Result<std::optional<std::string_view>> next();

    // An error about the line that came last: "/proc/kstat/stats.json:2: REASON".
    Error wrong(std::string_view reason) const;

private:
    Lines(std::string name, std::string owner, FileDescriptor file)
        : name_(std::move(name)), owner_(std::move(owner)), file_(std::move(file)) {}

    Result<bool> read_more();

    std::string name_;
    std::string owner_;
    FileDescriptor file_; // none: all there is stands in buffer_
    std::string buffer_;
    std::size_t taken_ = 0;
    std::size_t number_ = 0;
};

} // namespace kmon
