// SPDX-License-Identifier: GPL-2.0-only
#include "requests.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <string>

#include "file.hpp"

namespace kmon::control {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t longest_answer = 65536;

struct Kind {
    const char* name; // of the socket
    mode_t hidden;    // from whom
    std::chrono::milliseconds patience;
};

Kind kind_of(Request request) {
    return request == Request::state ? Kind{"state", 0111, 3s} : Kind{"reload", 0177, 20s};
}

Result<sockaddr_un> address_of(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.native().size() >= sizeof address.sun_path)
        return fail("the path of the socket is too long: " + path.string());
    path.native().copy(address.sun_path, sizeof address.sun_path - 1);
    return address;
}

Result<FileDescriptor> open_socket() {
    FileDescriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (!socket) return fail(system_error("cannot open a socket", errno));
    return socket;
}

const sockaddr* generic(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

std::filesystem::path path_of(const Root& root, const Kind& kind) { return root.run / "kmon" / kind.name; }

Error no_answer(const Kind& kind) {
    const auto time = kind.patience % 1s == 0ms ? std::to_string(kind.patience / 1s) + " seconds"
                                                : std::to_string(kind.patience / 1ms) + " ms";
    return {"kmond did not answer within " + time, ExitCode::failed, "systemctl restart kmon", ETIMEDOUT};
}

Result<Report> outcome_in(const std::string& text) {
    const auto json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) return fail("kmond exited before it answered", ExitCode::failed, "journalctl -u kmon -n 20");
    if (const auto error = json.find("error"); error != json.end() && error->is_object())
        return fail(error_from_json(*error));
    return report_from_json(json);
}

} // namespace

Result<Report> ask(const Root& root, Request request, std::chrono::milliseconds patience) {
    auto kind = kind_of(request);
    if (patience > 0ms) kind.patience = patience;
    const auto path = path_of(root, kind);
    const auto address = address_of(path);
    if (!address) return fail(address.error());
    const auto socket = open_socket();
    if (!socket) return fail(socket.error());
    // Limit the connect, too: if kmond hangs and a few clients wait, connecting blocks.
    const timeval time{.tv_sec = kind.patience / 1s, .tv_usec = kind.patience % 1s / 1us};
    ::setsockopt(socket->get(), SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
    ::setsockopt(socket->get(), SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    if (::connect(socket->get(), generic(*address), sizeof *address) < 0) {
        if (errno == ENOENT || errno == ECONNREFUSED)
            return fail("kmond is not running", ExitCode::not_running, "systemctl start kmon");
        if (errno == EAGAIN) return fail(no_answer(kind));
        return fail(system_error("cannot reach kmond at " + path.string(), errno));
    }
    std::string text(longest_answer, '\0');
    ssize_t length = 0;
    do
        length = ::recv(socket->get(), text.data(), text.size(), 0);
    while (length < 0 && errno == EINTR);
    if (length < 0 && errno == EAGAIN) return fail(no_answer(kind));
    if (length < 0) return fail(system_error("cannot receive from kmond at " + path.string(), errno));
    text.resize(static_cast<std::size_t>(length));
    return outcome_in(text);
}

Result<FileDescriptor> open_socket_for(const Root& root, Request request) {
    const auto kind = kind_of(request);
    const auto path = path_of(root, kind);
    const auto address = address_of(path);
    if (!address) return fail(address.error());
    auto socket = open_socket();
    if (!socket) return socket;
    std::error_code ignored;
    std::filesystem::create_directories(path.parent_path(), ignored);
    std::filesystem::remove(path, ignored);
    const auto before = ::umask(kind.hidden);
    const int bound = ::bind(socket->get(), generic(*address), sizeof *address);
    const int error = errno;
    ::umask(before);
    if (bound < 0) return fail(system_error("cannot create the socket " + path.string(), error));
    if (::listen(socket->get(), 8) < 0) return fail(system_error("cannot listen on " + path.string(), errno));
    return socket;
}

void answer(const FileDescriptor& connection, const Result<Report>& outcome) {
    const Json json = outcome ? to_json(*outcome) : Json{{"error", error_json(outcome.error())}};
    auto text = to_text(json, -1);
    if (text.size() > longest_answer)
        text = to_text({{"error", error_json({.what = "the answer is too long for the socket", .hint = {}})}}, -1);
    // The client may be gone by now.
    ::send(connection.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

} // namespace kmon::control
