// SPDX-License-Identifier: GPL-2.0-only
// kmon-exporter: who may ask, what is read, what is answered, and where it listens.
#include <gtest/gtest.h>

#include "exporter/answers.hpp"
#include "exporter/page_files.hpp"
#include "exporter/server.hpp"
#include "exporter_password.hpp"
#include "fixture.hpp"
#include "json.hpp"

namespace kmon::exporter {
namespace {

using namespace std::chrono_literals;
using test::ann_secret;
using test::hash_of_secret;

// ---- access

TEST(ExporterUsers, CredentialsAreRead) {
    const auto read = credentials_in("Basic YW5uOnNlOmNyZXQ=");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->name, "ann");
    EXPECT_EQ(read->password, "se:cret");
    EXPECT_EQ(credentials_in("bAsIc   Og==")->name, "");
    for (const auto* wrong : {"", "Basic", "Basic ", "Basic !!!!", "Basic YW5u", "Bearer YW5uOnM=", "Basic YTphAGI="})
        EXPECT_FALSE(credentials_in(wrong)) << wrong;
}

TEST(ExporterUsers, EverybodyIsWelcomeWhereThereAreNone) {
    EXPECT_EQ(Users().judge(""), Users::Verdict::welcome);
    EXPECT_EQ(Users(std::vector<std::string>{}).judge("garbage"), Users::Verdict::welcome);
}

TEST(ExporterUsers, ThePasswordDecides) {
    Users users({std::string("ann:") + hash_of_secret});
    const Users::Clock::time_point now{100s};
    EXPECT_EQ(users.judge("", now), Users::Verdict::unknown);
    EXPECT_EQ(users.judge("Basic YW5uOnNlY3JldA==", now), Users::Verdict::welcome);
    EXPECT_EQ(users.judge("Basic YW5uOnNlY3JlVA==", now), Users::Verdict::unknown);
    EXPECT_EQ(users.judge("Basic Ym9iOnNlY3JldA==", now), Users::Verdict::unknown) << "bob has no account";
}

TEST(ExporterUsers, GuessingIsSlowAndKeepsNobodyOut) {
    Users users({std::string("ann:") + hash_of_secret});
    const Users::Clock::time_point now{100s};
    EXPECT_EQ(users.judge(ann_secret, now), Users::Verdict::welcome);
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(users.judge("Basic YW5uOng=", now), Users::Verdict::unknown);
    EXPECT_EQ(users.judge("Basic YW5uOng=", now), Users::Verdict::too_many);
    EXPECT_EQ(users.judge(ann_secret, now), Users::Verdict::welcome) << "who was welcome before is so still";
    EXPECT_EQ(users.judge("Basic YW5uOng=", now + 1s), Users::Verdict::unknown);
}

// A hash may take a second on purpose, in which nobody else is served.
TEST(ExporterUsers, GuessingTakesAFifthOfTheTimeAtMost) {
    Users users({"ann:$6$rounds=400000$kmontest$x"}); // takes some 0.1 s
    const Users::Clock::time_point now{100s};
    EXPECT_EQ(users.judge("Basic YW5uOng=", now), Users::Verdict::unknown);
    EXPECT_EQ(users.judge("Basic YW5uOnk=", now + 100ms), Users::Verdict::too_many);
    EXPECT_EQ(users.judge("Basic YW5uOnk=", now + 60s), Users::Verdict::unknown);
}

// ---- readings

TEST(ExporterReadings, WhoAsksAtTheSameMomentIsGivenTheSame) {
    Readings::Clock::time_point now{};
    Readings readings(test::busy("second"), 3, [&] { return now; });
    EXPECT_EQ(readings.taken(), 0U);
    const auto first = readings.metrics(MetricsFormat::prometheus);
    EXPECT_EQ(readings.metrics(MetricsFormat::prometheus), first);
    EXPECT_NE(readings.metrics(MetricsFormat::openmetrics), first);
    (void)readings.stats(2);
    EXPECT_EQ(readings.taken(), 1U);
    now += 99ms;
    EXPECT_EQ(readings.metrics(MetricsFormat::prometheus), first);
    now += 1ms;
    EXPECT_NE(readings.metrics(MetricsFormat::prometheus), first);
    EXPECT_EQ(readings.taken(), 2U);
}

TEST(ExporterReadings, AReadingThatTookLongHoldsAsLong) {
    Readings::Clock::time_point now{};
    int asked = 0;
    Readings readings(test::busy("second"), 3, [&] { return ++asked == 2 ? now += 2s : now; }); // the end of the first
    (void)readings.metrics(MetricsFormat::prometheus);
    now += 1999ms;
    (void)readings.metrics(MetricsFormat::prometheus);
    EXPECT_EQ(readings.taken(), 1U);
    now += 1ms;
    (void)readings.metrics(MetricsFormat::prometheus);
    EXPECT_EQ(readings.taken(), 2U);
}

// A rate is the difference between two readings divided by the time between them, not between their renderings.
TEST(ExporterReadings, SayWhenTheyWereTaken) {
    Readings::Clock::time_point now{5s};
    Readings readings(test::busy("second"), 3, [&] { return now; });
    const auto taken = [&](std::size_t top) { return Json::parse(*readings.stats(top))["monotonic_ms"]; };
    EXPECT_EQ(taken(1), 5000);
    now += 99ms;
    EXPECT_EQ(taken(2), 5000) << "the same reading, as another text";
    now += 1ms;
    EXPECT_EQ(taken(1), 5100);
}

TEST(ExporterReadings, AsManyAddressesAsAskedForAndNoMoreThanConfigured) {
    Readings readings(test::busy("second"), 3);
    const auto macs = [&](std::size_t top) {
        return Json::parse(*readings.stats(top))["modules"]["l2packet_counter"]["interfaces"][0]["macs"].size();
    };
    EXPECT_EQ(macs(0), 0U);
    EXPECT_EQ(macs(2), 2U);
    EXPECT_EQ(macs(1000), 3U);
}

// ---- answers

class ExporterAnswers : public testing::Test {
protected:
    Answer get(const std::string& path, const std::optional<std::string>& top = std::nullopt) {
        return answer_to({"GET", path, top ? Arguments{{"top", *top}} : Arguments(), "", ""}, readings, users);
    }

    Readings readings{test::busy("second"), 3};
    Users users;
};

TEST_F(ExporterAnswers, EachPathHasItsOwn) {
    EXPECT_EQ(*get("/healthz").body, "ok\n");
    EXPECT_NE(get("/metrics").body->find("kmon_module_up{module=\"kstat\"} 1\n"), std::string::npos);
    EXPECT_TRUE(Json::parse(*get("/api/v1/stats").body).contains("monotonic_ms"));
    EXPECT_EQ(get("/api/v1/stats").body->find('\n'), std::string::npos) << "an event is one line";
    EXPECT_EQ(get("/api/v1/stream", "2").stream, 2U);
    EXPECT_EQ(get("/api/v1/stream", "9").stream, 3U);
    EXPECT_EQ(Json::parse(*get("/api/v1/status").body)["modules"].size(), 5U);
    const auto open = answer_to({"GET", "/metrics", {}, "application/openmetrics-text", ""}, readings, users);
    EXPECT_TRUE(open.body->ends_with("# EOF\n"));
    EXPECT_STREQ(open.type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

TEST_F(ExporterAnswers, WhatIsWrongHasAClearStatus) {
    for (const auto* path : {"/nothing", "", "metrics", "/metrics/", "//metrics", "/../etc/passwd", "/page.js/../../x",
                             "/%2e%2e/etc/passwd", "/api/v1/stats/..", "/\xff\xfe", "/index.html\n"})
        EXPECT_EQ(get(path).status, 404U) << path;
    for (const auto* top : {"", "-1", "x", "1x", "99999999999999999999999", " 1"})
        EXPECT_EQ(get("/api/v1/stats", top).status, 400U) << top;
    for (const auto* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get", ""})
        EXPECT_EQ(answer_to({method, "/metrics", {}, "", ""}, readings, users).status, 405U) << method;
    EXPECT_EQ(readings.taken(), 0U) << "nothing was read for them";
}

TEST_F(ExporterAnswers, WithoutAPasswordThereIsOnlyTheHealth) {
    users = Users({std::string("ann:") + hash_of_secret});
    for (const auto* path :
         {"/metrics", "/api/v1/stats", "/api/v1/stream", "/api/v1/status", "/api/v1/history", "/", "/nothing"})
        EXPECT_EQ(get(path).status, 401U) << path;
    EXPECT_EQ(get("/healthz").status, 200U);
    EXPECT_EQ(answer_to({"GET", "/metrics", {}, "", ann_secret}, readings, users).status, 200U);
    EXPECT_EQ(readings.taken(), 1U);
}

// A web page can have its name mean 127.0.0.1, and ask by the browser of whoever looks at it.
TEST_F(ExporterAnswers, AStrangersNameGetsNothingOverLoopback) {
    for (const auto* host : {"", "localhost", "localhost:9778", "LOCALHOST", "127.0.0.1:9778", "[::1]:9778", "[::1]",
                             "::1", "app.localhost:9778", "box:9778", "box.example.net:9778", "192.168.1.2"})
        EXPECT_TRUE(may_be_called(host, "box.example.net")) << host;
    for (const auto* host : {"evil.example", "evil.example:9778", "evil.example.", "127.0.0.1.evil.example",
                             "[evil.example]", "box.example.net.evil.example:9778", "localhost.evil.example"})
        EXPECT_FALSE(may_be_called(host, "box.example.net")) << host;
    const auto ask = [&](bool loopback, const char* path) {
        return answer_to({"GET", path, {}, "", "", "evil.example:9778", loopback}, readings, users).status;
    };
    EXPECT_EQ(ask(true, "/metrics"), 421U);
    EXPECT_EQ(ask(true, "/api/v1/history"), 421U);
    EXPECT_EQ(readings.taken(), 0U);
    EXPECT_EQ(ask(true, "/healthz"), 200U);
    EXPECT_EQ(ask(false, "/metrics"), 200U) << "by the socket of a proxy, or over a network, as was wished";
    users = Users({std::string("ann:") + hash_of_secret});
    EXPECT_EQ(ask(true, "/metrics"), 401U) << "a password does that";
}

TEST_F(ExporterAnswers, ThePageIsInTheProgram) {
    for (const auto& file : page_files) {
        const auto answer = get("/" + std::string(file.name));
        EXPECT_EQ(answer.status, 200U) << file.name;
        EXPECT_EQ(*answer.body, file.content);
    }
    EXPECT_EQ(get("/").status, page_files.empty() ? 404U : 200U);
}

TEST_F(ExporterAnswers, TheStatusSaysWhatIsMissingAndWhy) {
    const test::BusyCopy tree;
    tree.remove("sys/module/kstat");
    Readings without(test::root_of(tree.path()), 3);
    const auto status = Json::parse(*without.status());
    EXPECT_EQ(status["modules"]["kstat"]["loaded"], false);
    EXPECT_NE(status["modules"]["kstat"]["reason"], "");
    EXPECT_EQ(status["modules"]["netmon_proc"]["loaded"], true);
}

// ---- where it listens

TEST(ExporterSockets, BeyondLoopbackOnlyByExpressWish) {
    Config::Exporter config;
    for (const auto* host : {"127.0.0.1", "::1", "127.0.0.2"}) {
        const auto socket = listen_at(host, 0);
        if (!socket && std::string(host) == "::1") continue; // no IPv6 here
        ASSERT_TRUE(socket) << socket.error().what;
        EXPECT_TRUE(socket->loopback) << host;
        EXPECT_TRUE(allow(*socket, config)) << host;
    }
    const auto any = listen_at("0.0.0.0", 0);
    ASSERT_TRUE(any);
    const auto refused = allow(*any, config);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ExitCode::bad_config);
    EXPECT_NE(refused.error().what.find("not listening on 0.0.0.0:"), std::string::npos) << refused.error().what;
    config.insecure = true;
    EXPECT_TRUE(allow(*any, config));
    config.insecure = false;
    config.tls_certificate = "cert.pem";
    EXPECT_TRUE(allow(*any, config));
    const auto taken = listen_at("127.0.0.1", static_cast<std::uint16_t>(std::stoi(any->address.substr(8))));
    EXPECT_FALSE(taken) << "the port is in use";
}

TEST(ExporterSockets, WhatHasNoEffectIsTold) {
    std::vector<Socket> sockets;
    sockets.push_back({.fd = {}, .address = "127.0.0.1:9778", .from_systemd = true});
    sockets.push_back({.fd = {}, .address = "/run/kmon-exporter.sock", .local_file = true, .from_systemd = true});
    Config::Exporter config;
    EXPECT_EQ(without_effect(sockets, config), "") << "nobody has set it";
    config.unix_socket = "/run/kmon-exporter.sock";
    EXPECT_EQ(without_effect(sockets, config), "");
    config.unix_socket = "/run/kmon-exporter/socket";
    EXPECT_NE(without_effect(sockets, config).find("unix_socket = \"/run/kmon-exporter/socket\" in [exporter]"),
              std::string::npos);
    config.host = "::";
    EXPECT_EQ(without_effect(sockets, config),
              "listen = \"[::]:9778\" in [exporter] of /etc/kmon.toml has no effect: kmon-exporter.socket listens on "
              "127.0.0.1:9778 and /run/kmon-exporter.sock; to change that: systemctl edit kmon-exporter.socket");
    sockets[0].address = "[::]:9778";
    config.unix_socket.clear();
    EXPECT_EQ(without_effect(sockets, config), "") << "it is what the socket says";
    for (auto& socket : sockets)
        socket.from_systemd = false;
    config.port = 1;
    EXPECT_EQ(without_effect(sockets, config), "") << "the program's own";
}

TEST(ExporterSockets, AFileThatIsNoSocketIsNotRemoved) {
    const test::TempTree tree;
    const auto path = tree.write("precious", "content").string();
    EXPECT_FALSE(listen_at_file(path));
    EXPECT_EQ(tree.read("precious"), "content");
    EXPECT_FALSE(listen_at_file("/" + std::string(200, 'x')));
    const auto again = (tree.path() / "socket").string();
    ASSERT_TRUE(listen_at_file(again));
    EXPECT_TRUE(listen_at_file(again)) << "what one left that was killed is in nobody's way";
}

} // namespace
} // namespace kmon::exporter
