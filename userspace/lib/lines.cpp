#include "lines.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace kmon {

namespace {

const char* const how_to_load = "kmon status tells why, and what to do";

Error open_error(const std::string& name, const std::string& owner, int error) {
    if (error == ENOENT || error == ENOTDIR)
        return {owner + " is not loaded: there is no " + name, ExitCode::not_running, how_to_load};
    if (error == EACCES || error == EPERM)
        return {"cannot read " + name + ": " + std::strerror(error), ExitCode::not_permitted, "run it as root"};
    return {"cannot open " + name + ": " + std::strerror(error), ExitCode::failed, ""};
}

// A /proc file whose module goes away answers EIO; one of /sys, ENODEV.
Error read_error(const std::string& name, const std::string& owner, int error) {
    if (error == EIO || error == ENODEV || error == ENOENT)
        return {owner + " was unloaded while " + name + " was being read", ExitCode::not_running, how_to_load};
    if (error == EBUSY)
        return {"cannot read " + name + ": too many others are reading it now", ExitCode::failed, "try again"};
    return {"cannot read " + name + ": " + std::strerror(error), ExitCode::failed, ""};
}

} // namespace

Result<Lines> Lines::open(const std::filesystem::path& path, std::string owner) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fail(open_error(path.string(), owner, errno));
    return Lines(path.string(), std::move(owner), fd);
}

Lines Lines::of_text(std::string name, std::string text) {
    Lines lines(std::move(name), "", -1);
    lines.buffer_ = std::move(text);
    return lines;
}

Lines::Lines(Lines&& other) noexcept
    : name_(std::move(other.name_)), owner_(std::move(other.owner_)), fd_(std::exchange(other.fd_, -1)),
      buffer_(std::move(other.buffer_)), taken_(other.taken_), number_(other.number_) {}

Lines& Lines::operator=(Lines&& other) noexcept {
    std::swap(name_, other.name_);
    std::swap(owner_, other.owner_);
    std::swap(fd_, other.fd_);
    std::swap(buffer_, other.buffer_);
    std::swap(taken_, other.taken_);
    std::swap(number_, other.number_);
    return *this;
}

Lines::~Lines() {
    if (fd_ >= 0) ::close(fd_);
}

// False at the end.
Result<bool> Lines::read_more() {
    if (fd_ < 0) return false;
    buffer_.erase(0, taken_);
    taken_ = 0;

    const std::size_t had = buffer_.size();
    buffer_.resize(had + longest);
    ssize_t got;
    do {
        got = ::read(fd_, buffer_.data() + had, longest);
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
    return {name_ + ":" + std::to_string(number_) + ": " + std::string(reason), ExitCode::failed, ""};
}

} // namespace kmon
