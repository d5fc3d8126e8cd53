// SPDX-License-Identifier: GPL-2.0-only
#include "lines.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "file.hpp"

namespace kmon {

namespace {

Error not_loaded(std::string what) { return {std::move(what), ExitCode::not_running, ask_status, 0}; }

Error open_error(const std::string& name, const std::string& owner, int error) {
    if (error == ENOENT || error == ENOTDIR) return not_loaded(owner + " is not loaded: there is no " + name);
    return system_error("cannot open " + name, error);
}

// If a module is unloaded while its file is open, /proc returns EIO and /sys ENODEV.
Error read_error(const std::string& name, const std::string& owner, int error) {
    if (error == EIO || error == ENODEV || error == ENOENT)
        return not_loaded(owner + " was unloaded while " + name + " was being read");
    auto problem = system_error("cannot read " + name, error);
    if (error == EBUSY) problem.hint = "too many readers at once; try again";
    return problem;
}

} // namespace

Result<Lines> Lines::open(const std::filesystem::path& path, std::string owner) {
    FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail(open_error(path.string(), owner, errno));
    return Lines(path.string(), std::move(owner), std::move(file));
}

Lines Lines::of_text(std::string name, std::string text) {
    Lines lines(std::move(name), "", FileDescriptor());
    lines.buffer_ = std::move(text);
    return lines;
}

// False at the end.
Result<bool> Lines::read_more() {
    if (!file_) return false;
    buffer_.erase(0, taken_);
    taken_ = 0;

    const std::size_t had = buffer_.size();
    buffer_.resize(had + longest);
    ssize_t got;
    do {
        got = ::read(file_.get(), buffer_.data() + had, longest);
    } while (got < 0 && errno == EINTR);
    const int error = errno;
    buffer_.resize(had + static_cast<std::size_t>(got > 0 ? got : 0));
    if (got < 0) return fail(read_error(name_, owner_, error));
    return got > 0;
}

Result<std::optional<std::string_view>> Lines::next() {
    ++number_;
    std::size_t end;
    while ((end = buffer_.find('\n', taken_)) == std::string::npos) {
        if (buffer_.size() - taken_ > longest) break;
        const auto more = read_more();
        if (!more) return fail(more.error());
        if (*more) continue;
        if (taken_ == buffer_.size()) return std::nullopt;
        return fail(wrong("the file ends in the middle of a line"));
    }
    if (end == std::string::npos || end - taken_ > longest)
        return fail(wrong("a line longer than " + std::to_string(longest) + " bytes"));

    const std::string_view line(buffer_.data() + taken_, end - taken_);
    taken_ = end + 1;
    return line;
}

Error Lines::wrong(std::string_view reason) const {
    return {name_ + ":" + std::to_string(number_) + ": " + std::string(reason), ExitCode::failed, "", 0};
}

} // namespace kmon
