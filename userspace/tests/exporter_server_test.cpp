// SPDX-License-Identifier: GPL-2.0-only
// kmon-exporter: its server, to all kinds of clients.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <regex>
#include <thread>

#include "exporter/server.hpp"
#include "exporter_password.hpp"
#include "fixture.hpp"
#include "history/database.hpp"

namespace kmon::exporter {
namespace {

using namespace std::chrono_literals;
using test::ann_secret;
using test::hash_of_secret;

class ExporterServer : public testing::Test {
protected:
    // In its own thread, because clients wait for it.
    void start() {
        std::vector<Socket> sockets;
        auto tcp = listen_at("127.0.0.1", 0);
        ASSERT_TRUE(tcp) << tcp.error().what;
        port_ = static_cast<std::uint16_t>(std::stoi(tcp->address.substr(tcp->address.rfind(':') + 1)));
        sockets.push_back(std::move(*tcp));
        auto file = listen_at_file((tree.path() / "socket").string());
        ASSERT_TRUE(file) << file.error().what;
        sockets.push_back(std::move(*file));
        auto opened = Server::open(std::move(sockets), std::nullopt, Readings(root, 3), users, limits);
        ASSERT_TRUE(opened) << opened.error().what;
        server_ = std::move(*opened);
        thread_ = std::thread([this] { serve(); });
    }

    void stop() {
        if (!thread_.joinable()) return;
        stop_ = true;
        thread_.join();
        server_.reset();
    }

    ~ExporterServer() override { stop(); }

    // Asks the server between two turns of its loop.
    std::size_t ask(const std::function<std::size_t(const Server&)>& question) {
        const std::lock_guard guard(mutex_);
        return question(*server_);
    }

    FileDescriptor connect() const {
        FileDescriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port_);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const timeval patience{10, 0};
        ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        return fd;
    }

    FileDescriptor connect_to_file() const {
        FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        (tree.path() / "socket").string().copy(address.sun_path, sizeof address.sun_path - 1);
        EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        return fd;
    }

    static void send(const FileDescriptor& fd, const std::string& text) {
        (void)::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
    }

    // Reads until `end` or until the connection is closed.
    static std::string receive(const FileDescriptor& fd, const std::string& end = "") {
        std::string text;
        char piece[4096];
        for (;;) {
            const auto got = ::recv(fd.get(), piece, sizeof piece, 0);
            if (got <= 0) return text;
            text.append(piece, static_cast<std::size_t>(got));
            if (!end.empty() && text.find(end) != std::string::npos) return text;
        }
    }

    std::string get(const std::string& path, const std::string& headers = "") const {
        const auto fd = connect();
        send(fd, "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers + "\r\n");
        return receive(fd);
    }

    static int status(const std::string& answer) {
        std::smatch match;
        static const std::regex line("^HTTP/1\\.[01] ([0-9]{3}) ");
        return std::regex_search(answer, match, line) ? std::stoi(match[1]) : 0;
    }

    bool soon(const std::function<bool()>& condition) {
        for (int i = 0; i < 3000; ++i) {
            if (condition()) return true;
            std::this_thread::sleep_for(10ms);
        }
        return false;
    }

    test::TempTree tree;
    Root root = test::busy("second");
    Users users;
    Limits limits{.connections = 20, .streams = 3, .first_request = 400ms, .next_request = 2s, .event = 50ms};

private:
    void serve() {
        while (!stop_) {
            std::vector<pollfd> waiting;
            std::chrono::milliseconds left = 20ms;
            {
                const std::lock_guard guard(mutex_);
                for (const int fd : server_->descriptors())
                    waiting.push_back({fd, POLLIN, 0});
                if (const auto time = server_->time_left()) left = std::min(left, *time);
            }
            ::poll(waiting.data(), waiting.size(), static_cast<int>(left.count()));
            const std::lock_guard guard(mutex_);
            server_->work();
        }
    }

    std::uint16_t port_ = 0;
    std::unique_ptr<Server> server_;
    std::mutex mutex_;
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

TEST_F(ExporterServer, ServesWithTheHeadersThatKeepABrowserSafe) {
    start();
    const auto answer = get("/metrics");
    EXPECT_EQ(status(answer), 200);
    EXPECT_NE(answer.find("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"), std::string::npos);
    EXPECT_NE(answer.find("\r\nContent-Security-Policy: default-src 'none'; script-src 'self';"), std::string::npos);
    EXPECT_NE(answer.find("\r\nX-Content-Type-Options: nosniff\r\n"), std::string::npos);
    EXPECT_NE(answer.find("\r\nCache-Control: no-store\r\n"), std::string::npos);
    EXPECT_NE(answer.find("\nkmon_l2_packets_total{interface=\"veth0\"} 53920\n"), std::string::npos);
    EXPECT_NE(get("/metrics", "Accept: application/openmetrics-text; version=1.0.0\r\n").find("# EOF\n"),
              std::string::npos);
    EXPECT_EQ(status(get("/api/v1/stats?top=2")), 200);
    EXPECT_EQ(status(get("/api/v1/stats?top=x")), 400);
    EXPECT_EQ(status(get("/../../etc/passwd")), 404);
    const auto stranger = connect();
    send(stranger, "GET /metrics HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(status(receive(stranger)), 421);
}

TEST_F(ExporterServer, AHeadIsTheHeadersAlone) {
    start();
    const auto fd = connect();
    send(fd, "HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const auto answer = receive(fd);
    EXPECT_EQ(status(answer), 200);
    EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
    EXPECT_NE(answer.find("\r\nContent-Length: "), std::string::npos);
}

// Its answer may take two seconds, as here, where somebody has locked it.
TEST_F(ExporterServer, WhileTheHistoryIsAskedForTheOthersAreServed) {
    root.var_lib = tree.path() / "var/lib";
    std::filesystem::create_directories(root.var_lib / "kmon");
    auto other = history::Database::open(root.var_lib / "kmon/history.db", history::Database::Mode::write);
    ASSERT_TRUE(other);
    ASSERT_TRUE(other->run("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE t (a)"));
    limits.questions = 2;
    start();
    const std::string question = "GET /api/v1/history HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    std::vector<FileDescriptor> asking;
    for (int i = 0; i < 4; ++i) {
        asking.push_back(connect());
        send(asking.back(), question);
        std::this_thread::sleep_for(100ms);
    }
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_NE(receive(asking[3]).find("too many ask for the history"), std::string::npos);
    EXPECT_EQ(status(get("/healthz")), 200);
    EXPECT_EQ(status(get("/metrics")), 200);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
    asking[1] = FileDescriptor(); // he does not wait for it
    const auto answer = receive(asking[0]);
    EXPECT_EQ(status(answer), 503);
    EXPECT_NE(answer.find("try again in a second"), std::string::npos) << answer;
    EXPECT_NE(answer.find("\r\nContent-Security-Policy: "), std::string::npos);
    // The third one's is never made: the server ends.
}

TEST_F(ExporterServer, AmongTheSilentTheOneThatIsLongestIsShownOut) {
    limits.connections = 3;
    limits.first_request = 10s;
    limits.next_request = 10s;
    start();
    const auto health = [&](const FileDescriptor& fd) {
        send(fd, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        return status(receive(fd, "ok\n"));
    };
    const auto scraper = connect(); // the first to come
    EXPECT_EQ(health(scraper), 200);
    const auto idle = connect();
    const auto another = connect();
    ASSERT_TRUE(soon([&] { return ask([](const Server& server) { return server.connections(); }) == 3; }));
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ(health(scraper), 200);
    const auto one_more = connect();
    EXPECT_EQ(receive(idle), "") << "it is shown out";
    EXPECT_EQ(health(scraper), 200) << "it has said something just now";
    EXPECT_EQ(health(another), 200);
}

TEST_F(ExporterServer, AStreamThatNobodyTakesEnds) {
    limits.event = 5ms;
    limits.answer = 300ms;
    start();
    const auto fd = connect_to_file();
    send(fd, "GET /api/v1/stream HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto streams = [&] { return ask([](const Server& server) { return server.streams(); }); };
    ASSERT_TRUE(soon([&] { return streams() == 1; }));
    EXPECT_TRUE(soon([&] { return streams() == 0; }));
}

// A negative time would be none at all to whoever waits for it.
TEST_F(ExporterServer, AnEventThatIsLateIsDueNow) {
    limits.event = 10ms;
    start();
    const auto fd = connect();
    send(fd, "GET /api/v1/stream HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_NE(receive(fd, "data: "), "");
    for (int i = 0; i < 20; ++i)
        EXPECT_LE(ask([](const Server& server) {
                      std::this_thread::sleep_for(30ms);
                      return static_cast<std::size_t>(server.time_left().value_or(1h).count());
                  }),
                  10U);
}

// Each takes nothing, and holds a text of his own.
TEST_F(ExporterServer, WhatIsNotTakenDoesNotFillTheMemory) {
    const test::BusyCopy busy;
    std::string interfaces;
    for (int i = 0; i < 8000; ++i)
        interfaces += R"({"interface":"veth)" + std::to_string(i) +
                      R"(","rx_bytes":1,"tx_bytes":1,"rx_packets":1,"tx_packets":1,"rx_errors":0,"tx_errors":0,)" +
                      R"("rx_dropped":0,"tx_dropped":0})" + "\n";
    busy.write("proc/netmon", interfaces);
    root = test::root_of(busy.path());
    limits.held = 6'000'000;
    limits.answer = limits.next_request = 60s;
    start();
    const auto metrics = get("/metrics");
    ASSERT_GT(metrics.size(), 4'000'000U);
    ASSERT_LT(metrics.size(), 6'000'000U);
    std::vector<FileDescriptor> takes_nothing;
    for (int i = 0; i < 3; ++i) {
        takes_nothing.push_back(connect());
        send(takes_nothing.back(), "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
        std::this_thread::sleep_for(1s); // that makes it another text
    }
    EXPECT_TRUE(soon([&] { return ask([](const Server& server) { return server.connections(); }) <= 2; }));
    EXPECT_EQ(get("/metrics").size(), metrics.size()) << "whoever takes it has all of it";
}

TEST_F(ExporterServer, AUnixSocketServesTheSame) {
    start();
    EXPECT_EQ(std::filesystem::status(tree.path() / "socket").permissions() & std::filesystem::perms::others_all,
              std::filesystem::perms::none);
    const auto fd = connect_to_file();
    send(fd, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(status(receive(fd)), 200);
}

TEST_F(ExporterServer, PipelinedRequestsAreAnsweredInTheirOrder) {
    start();
    const auto fd = connect();
    send(fd, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /no HTTP/1.1\r\nHost: x\r\n\r\n"
             "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const auto answers = receive(fd);
    const std::regex line("HTTP/1.1 (200|404) ");
    std::string order;
    for (std::sregex_iterator match(answers.begin(), answers.end(), line), end; match != end; ++match)
        order += (*match)[1].str() + " ";
    EXPECT_EQ(order, "200 404 200 ");
}

TEST_F(ExporterServer, WhatIsNoRequestHasAClearStatus) {
    start();
    const auto status_of = [&](const std::string& request) {
        const auto fd = connect();
        send(fd, request);
        ::shutdown(fd.get(), SHUT_WR);
        return status(receive(fd));
    };
    EXPECT_EQ(status_of("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"), 405);
    EXPECT_EQ(status_of("DELETE /metrics HTTP/1.1\r\nHost: x\r\n\r\n"), 405);
    const auto much = status_of("GET /metrics HTTP/1.1\r\nHost: x\r\nX: " + std::string(100'000, 'a') + "\r\n\r\n");
    EXPECT_TRUE(much == 431 || much == 413 || much == 0) << much;
    const auto lengthy = status_of("GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(lengthy == 414 || lengthy == 431 || lengthy == 413 || lengthy == 0) << lengthy;
    EXPECT_EQ(status_of("GET /\xc3\xa9\xff HTTP/1.1\r\nHost: x\r\n\r\n"), 404);
    for (const auto* garbage :
         {"\r\n\r\n\r\n", "\x16\x03\x01\x02", "GET", "GET /metrics", "GET /metrics HTTP/9.9\r\n\r\n"}) {
        const auto code = status_of(garbage);
        EXPECT_TRUE(code == 0 || code >= 400) << garbage << code;
    }
    EXPECT_EQ(status(get("/healthz")), 200) << "and the others are served";
}

// More connections than allowed, none of which sends anything.
TEST_F(ExporterServer, IdleConnectionsKeepNobodyOut) {
    start();
    std::vector<FileDescriptor> idle;
    for (int i = 0; i < 200; ++i)
        idle.push_back(connect());
    EXPECT_EQ(status(get("/metrics")), 200);
    EXPECT_LE(ask([](const Server& server) { return server.connections(); }), limits.connections + 1);
    EXPECT_TRUE(soon([&] { return ask([](const Server& server) { return server.connections(); }) == 0; }))
        << "a request has to come in time";
}

// One byte at a time, each within the time limit.
TEST_F(ExporterServer, ARequestThatTricklesInIsNotWaitedFor) {
    start();
    const auto fd = connect();
    const std::string request = "GET /metrics HTTP/1.1\r\nHost: " + std::string(200, 'x') + "\r\n\r\n";
    const auto begin = std::chrono::steady_clock::now();
    for (const char c : request) {
        if (::send(fd.get(), &c, 1, MSG_NOSIGNAL) < 0) break;
        std::this_thread::sleep_for(20ms);
        if (std::chrono::steady_clock::now() - begin > 3s) break;
    }
    EXPECT_EQ(receive(fd), "");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
    EXPECT_EQ(status(get("/healthz")), 200);
}

std::size_t events_in(const std::string& text) {
    const std::regex event("data: \\{[^\\n]*\\}\\n\\n");
    return static_cast<std::size_t>(std::distance(std::sregex_iterator(text.begin(), text.end(), event), {}));
}

TEST_F(ExporterServer, AStreamHasAnEventAfterTheOther) {
    start();
    const auto fd = connect();
    send(fd, "GET /api/v1/stream?top=1 HTTP/1.1\r\nHost: x\r\n\r\n");
    std::string text;
    for (int i = 0; i < 1000 && events_in(text) < 4; ++i) {
        char piece[4096];
        const auto got = ::recv(fd.get(), piece, sizeof piece, 0);
        ASSERT_GT(got, 0);
        text.append(piece, static_cast<std::size_t>(got));
        // Chunked. A chunk may begin anywhere.
        text = std::regex_replace(text, std::regex("\\r\\n[0-9a-f]+\\r\\n"), "");
    }
    EXPECT_EQ(status(text), 200);
    EXPECT_NE(text.find("\r\nContent-Type: text/event-stream\r\n"), std::string::npos);
    EXPECT_GE(events_in(text), 4U) << text;
    EXPECT_EQ(ask([](const Server& server) { return server.streams(); }), 1U);
}

TEST_F(ExporterServer, ManyStreamsShareAReadingAndEndWithTheirClients) {
    limits.event = 150ms;
    start();
    std::vector<FileDescriptor> clients;
    for (int i = 0; i < 3; ++i) {
        clients.push_back(connect());
        send(clients.back(), "GET /api/v1/stream HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_EQ(status(receive(clients.back(), "\r\n\r\n")), 200);
    }
    EXPECT_EQ(status(get("/api/v1/stream")), 503) << "there is room for three";
    const auto before = ask([](const Server& server) { return server.readings().taken(); });
    std::this_thread::sleep_for(1s);
    const auto taken = ask([](const Server& server) { return server.readings().taken(); }) - before;
    EXPECT_GE(taken, 3U);
    EXPECT_LE(taken, 8U) << "one for all three, every 150 ms";
    clients.clear();
    EXPECT_TRUE(soon([&] { return ask([](const Server& server) { return server.streams(); }) == 0; }));
    const auto end = ask([](const Server& server) { return server.readings().taken(); });
    std::this_thread::sleep_for(400ms);
    EXPECT_EQ(ask([](const Server& server) { return server.readings().taken(); }), end) << "no client, no work";
}

// A client that reads nothing: its socket fills up. Afterwards it gets the newest event, not all of them.
TEST_F(ExporterServer, AClientThatDoesNotReadStallsNobody) {
    limits.event = 5ms;
    start();
    const auto deaf = connect();
    const int small = 4096;
    ::setsockopt(deaf.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    send(deaf, "GET /api/v1/stream HTTP/1.1\r\nHost: x\r\n\r\n");
    for (int i = 0; i < 20; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        EXPECT_EQ(status(get("/metrics")), 200);
        EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
        std::this_thread::sleep_for(10ms);
    }
}

TEST_F(ExporterServer, EndsWhileStreamsGoOn) {
    start();
    const auto fd = connect();
    send(fd, "GET /api/v1/stream HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(status(receive(fd, "\r\n\r\n")), 200);
    stop();
    (void)receive(fd); // until the connection is closed
}

TEST_F(ExporterServer, AsksForThePassword) {
    users = Users({std::string("ann:") + hash_of_secret});
    start();
    const auto refused = get("/metrics");
    EXPECT_EQ(status(refused), 401);
    EXPECT_NE(refused.find("\r\nWWW-Authenticate: Basic realm=\"kmon\""), std::string::npos);
    EXPECT_EQ(refused.find("kmon_"), std::string::npos);
    EXPECT_EQ(status(get("/metrics", std::string("Authorization: ") + ann_secret + "\r\n")), 200);
}

// Modules come and go while it serves.
TEST_F(ExporterServer, SaysThatNoModuleIsThere) {
    root = tree.root();
    start();
    const auto answer = get("/metrics");
    EXPECT_EQ(status(answer), 200);
    EXPECT_NE(answer.find("kmon_module_up{module=\"kstat\",reason="), std::string::npos) << answer;
}

} // namespace
} // namespace kmon::exporter
