// SPDX-License-Identifier: GPL-2.0-only
#include "file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <system_error>

#include "escape.hpp"
#include "file_descriptor.hpp"

namespace kmon {
namespace {

std::string quoted(const std::filesystem::path& path) { return printable(path.native()); }

Result<FileDescriptor> open_to_read(const std::filesystem::path& path) {
    FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return fail(system_error("cannot read " + quoted(path), errno));
    struct stat about {};
    if (::fstat(fd.get(), &about) < 0) return fail(system_error("cannot read " + quoted(path), errno));
    if (S_ISDIR(about.st_mode)) return fail(system_error("cannot read " + quoted(path), EISDIR));
    if (!S_ISREG(about.st_mode)) return fail("cannot read " + quoted(path) + ": it is not a regular file");
    return fd;
}

Result<void> write_all(const FileDescriptor& fd, std::string_view content, const std::filesystem::path& path) {
    while (!content.empty()) {
        const auto written = ::write(fd.get(), content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return fail(system_error("cannot write " + quoted(path), errno));
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

} // namespace

Error system_error(const std::string& doing, int error) {
    const bool denied = error == EACCES || error == EPERM;
    return {doing + ": " + std::system_category().message(error), denied ? ExitCode::not_permitted : ExitCode::failed,
            denied ? "become root (sudo)" : "", error};
}

bool is_there(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::exists(path, ignored);
}

Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit) {
    const auto fd = open_to_read(path);
    if (!fd) return fail(fd.error());
    std::string content;
    std::array<char, 4096> piece{};
    for (;;) {
        const auto got = ::read(fd->get(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail(system_error("cannot read " + quoted(path), errno));
        if (got == 0) return content;
        content.append(piece.data(), static_cast<std::size_t>(got));
        if (content.size() > limit)
            return fail("cannot read " + quoted(path) + ": it is longer than " + std::to_string(limit) + " bytes");
    }
}

std::string first_line_of(const std::filesystem::path& path) {
    const auto content = read_file(path, std::size_t{64} * 1024);
    return content ? content->substr(0, content->find('\n')) : std::string();
}

Result<void> write_file(const std::filesystem::path& path, std::string_view content) {
    const FileDescriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd) return fail(system_error("cannot open " + quoted(path), errno));
    const auto written = ::write(fd.get(), content.data(), content.size());
    if (written < 0) return fail(system_error("cannot write " + quoted(path), errno));
    if (static_cast<std::size_t>(written) != content.size())
        return fail("cannot write " + quoted(path) + ": only " + std::to_string(written) + " bytes were written");
    return {};
}

Result<void> replace_file(const std::filesystem::path& path, std::string_view content, mode_t mode) {
    auto name = path.native() + ".XXXXXX";
    const FileDescriptor fd(::mkostemp(name.data(), O_CLOEXEC));
    if (!fd) return fail(system_error("cannot create " + quoted(path), errno));
    const std::filesystem::path beside = name;
    auto done = write_all(fd, content, beside);
    if (done && ::fchmod(fd.get(), mode) < 0) done = fail(system_error("cannot change " + quoted(beside), errno));
    if (done && ::rename(beside.c_str(), path.c_str()) < 0)
        done = fail(system_error("cannot create " + quoted(path), errno));
    if (!done) ::unlink(beside.c_str());
    return done;
}

} // namespace kmon
