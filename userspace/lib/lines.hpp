// SPDX-License-Identifier: GPL-2.0-only
// Reads one of the kernel's files line by line, on demand: a view can have a million lines.
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

    // owner: the module that owns the file, for the error message if it is missing or disappears while being read.
    static Result<Lines> open(const std::filesystem::path& path, std::string owner);
    static Lines of_text(std::string name, std::string text);

    // The next line, without its newline; valid until the next call. Nothing at the end.
    Result<std::optional<std::string_view>> next();

    // An error about the last line: "/proc/kstat/stats.json:2: REASON".
    Error wrong(std::string_view reason) const;

private:
    Lines(std::string name, std::string owner, FileDescriptor file)
        : name_(std::move(name)), owner_(std::move(owner)), file_(std::move(file)) {}

    Result<bool> read_more();

    std::string name_;
    std::string owner_;
    FileDescriptor file_; // closed: the rest is in buffer_
    std::string buffer_;
    std::size_t taken_ = 0;
    std::size_t number_ = 0;
};

} // namespace kmon
