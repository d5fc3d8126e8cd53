// SPDX-License-Identifier: GPL-2.0-only
#include "reload_request.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <string>

#include "file.hpp"

namespace kmon {
namespace {

constexpr std::size_t longest_answer = 65536;

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

std::filesystem::path socket_path(const Root& root) { return root.run / "kmon/reload"; }

Result<void> outcome_in(const std::string& answer) {
    const auto json = nlohmann::json::parse(answer, nullptr, false);
    if (!json.is_object()) return fail("kmond ended before it had reloaded");
    if (json.value("ok", false)) return {};
    return fail(json.value("what", ""), json.value("code", 1), json.value("hint", ""));
}

} // namespace

Result<void> request_reload(const Root& root) {
    const auto path = socket_path(root);
    const auto address = address_of(path);
    if (!address) return fail(address.error());
    const auto socket = open_socket();
    if (!socket) return fail(socket.error());
    if (::connect(socket->get(), generic(*address), sizeof *address) < 0) {
        if (errno == ENOENT || errno == ECONNREFUSED)
            return fail("kmond does not run", ExitCode::not_running, "systemctl start kmon");
        return fail(system_error("cannot reach kmond at " + path.string(), errno));
    }
    std::string answer(longest_answer, '\0');
    const auto length = ::recv(socket->get(), answer.data(), answer.size(), 0);
    answer.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    return outcome_in(answer);
}

Result<FileDescriptor> open_reload_socket(const Root& root) {
    const auto path = socket_path(root);
    const auto address = address_of(path);
    if (!address) return fail(address.error());
    auto socket = open_socket();
    if (!socket) return socket;
    std::error_code ignored;
    std::filesystem::create_directories(path.parent_path(), ignored);
    std::filesystem::remove(path, ignored);
    const auto before = ::umask(0177); // root alone may ask
    const int bound = ::bind(socket->get(), generic(*address), sizeof *address);
    const int error = errno;
    ::umask(before);
    if (bound < 0) return fail(system_error("cannot make the socket " + path.string(), error));
    if (::listen(socket->get(), 8) < 0) return fail(system_error("cannot listen at " + path.string(), errno));
    return socket;
}

void answer_reload(const FileDescriptor& connection, const Result<void>& outcome) {
    nlohmann::json answer = {{"ok", outcome.has_value()}};
    if (!outcome) {
        answer["what"] = outcome.error().what;
        answer["code"] = outcome.error().code;
        answer["hint"] = outcome.error().hint;
    }
    const auto text = answer.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace).substr(0, longest_answer);
    // Who asked may have gone meanwhile.
    ::send(connection.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

} // namespace kmon
