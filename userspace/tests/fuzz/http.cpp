// SPDX-License-Identifier: GPL-2.0-only
// Any bytes from a client of the exporter: it gets an answer with a suitable status, or none, and the next client is
// served.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "exporter/server.hpp"

namespace {

using namespace std::chrono_literals;
using kmon::FileDescriptor;
using kmon::exporter::Server;

void require(bool truth, const char* what, std::string_view answer) {
    if (truth) return;
    std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(answer.size()), answer.data());
    std::abort();
}

const std::string& socket_path() {
    static const std::string path =
        (std::filesystem::temp_directory_path() / ("kmon-fuzz-" + std::to_string(::getpid()))).string();
    return path;
}

Server& server() {
    static const std::unique_ptr<Server> one = [] {
        auto socket = kmon::exporter::listen_at_file(socket_path());
        require(socket.has_value(), "no socket", socket_path());
        (void)std::atexit([] { ::unlink(socket_path().c_str()); });
        std::vector<kmon::exporter::Socket> sockets;
        sockets.push_back(std::move(*socket));
        // A system without any module: every request still gets an answer, a short one.
        kmon::Root root;
        root.proc = root.sys = root.etc = root.lib_modules = root.run = root.var_lib = "/nonexistent";
        kmon::exporter::Limits limits;
        limits.event = 10ms;
        auto opened = Server::open(std::move(sockets), std::nullopt, kmon::exporter::Readings(root, 3), {}, limits);
        require(opened.has_value(), "no server", "");
        return std::move(*opened);
    }();
    return *one;
}

// Everything that the server sends until it closes the connection or has nothing more to send.
std::string answer_to(std::string_view request) {
    auto& served = server(); // creates the socket
    const FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket_path().copy(address.sun_path, sizeof address.sun_path - 1);
    require(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "no connection", "");
    std::string answer;
    std::array<char, 16384> piece{};
    bool said_all = false;
    for (int turn = 0; turn < 200; ++turn) {
        if (!request.empty()) {
            // In two halves, so that the first can end anywhere in a request.
            const auto now = std::max<std::size_t>(1, request.size() / 2);
            const auto sent = ::send(fd.get(), request.data(), now, MSG_NOSIGNAL);
            request.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : request.size());
        } else if (!said_all) {
            ::shutdown(fd.get(), SHUT_WR);
            said_all = true;
        }
        served.work();
        const auto got = ::recv(fd.get(), piece.data(), piece.size(), 0);
        if (got == 0) return answer;
        if (got > 0) answer.append(piece.data(), static_cast<std::size_t>(got));
        if (got < 0 && said_all) {
            if (answer.find("text/event-stream") != std::string::npos) return answer; // this one has no end
            pollfd waiting{fd.get(), POLLIN, 0};
            ::poll(&waiting, 1, 1);
        }
    }
    return answer;
}

} // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::set<std::string_view> known = {"200", "400", "401", "404", "405", "411", "413", "414", "417",
                                                     "421", "429", "431", "500", "501", "503", "505", "100"};
    const auto answer = answer_to({reinterpret_cast<const char*>(data), size});
    if (!answer.empty()) {
        require(answer.starts_with("HTTP/1."), "no HTTP", answer);
        require(known.contains(std::string_view(answer).substr(9, 3)), "an unknown status", answer);
        require(answer.find("root:") == std::string::npos, "a file", answer);
    }
    const auto next = answer_to("GET /healthz HTTP/1.0\r\n\r\n");
    require(next.find("\r\n\r\nok\n") != std::string::npos, "the next one is not served", next);
    require(server().connections() <= 65, "connections are not forgotten", "");
    return 0;
}
