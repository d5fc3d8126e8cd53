// SPDX-License-Identifier: GPL-2.0-only
// kmonctl doctor and kmonctl selftest.
#include "kmonctl/doctor.hpp"

#include <optional>

#include "cli_fixture.hpp"
#include "modules/localhost_monitor.hpp"
#include "modules/process_monitor.hpp"

namespace kmon::cli {
namespace {

// ---- doctor ----

// A machine on which our own test events are counted as they should be.
class Doctor : public Cli {
protected:
    Doctor() {
        tree.replace("sys/module/l2packet_counter/parameters/interface", "veth0,br0", "veth0");
        stimulus.send_datagrams = [this](unsigned count) {
            grow_loopback(count + 3);
            return Result<void>();
        };
        stimulus.talk_tcp = [this] {
            tree.write("proc/kstat/stats.json", kstat(segments += 50));
            return Result<std::uint64_t>(50);
        };
        stimulus.end_processes = [this](unsigned count) {
            const auto exits = read_process(root)->exits;
            tree.replace("proc/process_monitor.json", R"("exits":)" + std::to_string(exits),
                         R"("exits":)" + std::to_string(exits + count));
            return Result<void>();
        };
        tree.write("proc/kstat/stats.json", kstat(0));
        tree.write("etc/kmon.toml", "[l2packet_counter]\nmax_macs = 50\nenabled = true\ninterface = [\"veth0\"]\n");
    }

    static std::string kstat(unsigned more) {
        const auto n = std::to_string(100 + more);
        return R"({"module":"kstat","version":"1.0.0","schema":1,"all_netns":0,"running":true,"counter":10,"published":100,"packets":)" +
               n + R"(,"segments":)" + n + "}\n{\"ip_version\":4,\"packets\":" + n + R"(,"segments":)" + n + "}\n";
    }

    void grow_loopback(unsigned count) {
        const auto view = *read_localhost(root);
        const auto lo = std::stoull(tree.read("sys/class/net/lo/statistics/rx_packets"));
        tree.write("sys/class/net/lo/statistics/rx_packets", std::to_string(lo + lo_grows.value_or(count)) + "\n");
        const auto packets = [](std::uint64_t n) { return R"("packets":)" + std::to_string(n); };
        tree.replace("proc/localhost_stats.json", packets(view.packets), packets(view.packets + count));
        tree.replace("proc/localhost_stats.json", R"("udp",)" + packets(view.protocols[1].packets),
                     R"("udp",)" + packets(view.protocols[1].packets + count));
        tree.replace("proc/localhost_stats.json", R"("size_min":0,)" + packets(view.sizes[0].packets),
                     R"("size_min":0,)" + packets(view.sizes[0].packets + count));
    }

    Json findings() {
        const auto outcome = run(root, {"doctor", "--json"});
        code = outcome.code;
        return outcome.json();
    }

    std::string state_of(const std::string& subject) {
        const auto json = findings();
        for (const auto& finding : json["findings"])
            if (finding["subject"] == subject)
                return finding["state"].get<std::string>() + ": " + finding["words"].get<std::string>();
        return "no such finding";
    }

    test::BusyCopy tree;
    Root root = test::root_of(tree.path());
    std::optional<unsigned> lo_grows;
    unsigned segments = 0;
    ExitCode code = ExitCode::usage;
};

TEST_F(Doctor, ComparesEachCountWithTheKernels) {
    EXPECT_EQ(state_of("loopback"), "good: 103 packets counted; lo received 103");
    EXPECT_EQ(state_of("outgoing TCP"), "good: 50 segments counted; Tcp: OutSegs grew by 0");
    EXPECT_EQ(state_of("interfaces"), "good: 16 figures of 2 interfaces match the kernel's");
    EXPECT_EQ(state_of("source MACs"), "good: veth0 received 0 frames, 0 counted; br0 is waiting");
    EXPECT_EQ(state_of("process exits"), "good: 20 processes exited, 20 exits counted");
}

// The exporter says it when it starts, but that may be when nobody looks.
TEST_F(Doctor, TellsThatListenHasNoEffect) {
    EXPECT_EQ(state_of("kmon-exporter"), "no such finding");
    tree.write("etc/kmon.toml", tree.read("etc/kmon.toml") + "[exporter]\nlisten = \"127.0.0.1:9999\"\n");
    EXPECT_EQ(state_of("kmon-exporter"), "no such finding") << "the socket unit is off";
    tree.write("run/kmon-exporter.sock", "");
    EXPECT_EQ(state_of("kmon-exporter"), "warning: it listens at 127.0.0.1:9778, as kmon-exporter.socket says; listen "
                                         "of [exporter] has no effect");
    tree.write("etc/systemd/system/kmon-exporter.socket.d/override.conf", "");
    EXPECT_EQ(state_of("kmon-exporter"), "no such finding") << "somebody has said where";
}

TEST_F(Doctor, FindsPacketsThatAreNotCounted) {
    stimulus.send_datagrams = [](unsigned) { return Result<void>(); };
    EXPECT_EQ(state_of("loopback"), "bad: sent 100 packets over lo, counted 0");
    EXPECT_EQ(code, ExitCode::failed);
}

TEST_F(Doctor, FindsPacketsThatAreCountedTwice) {
    lo_grows = 60;
    EXPECT_EQ(state_of("loopback"), "bad: 103 packets counted; lo received 60");
}

TEST_F(Doctor, FindsPartsThatDoNotAddUp) {
    tree.replace("proc/l2packet_counter.json", R"("untracked_packets":1)", R"("untracked_packets":2)");
    EXPECT_EQ(state_of("source MACs"), "bad: veth0: the addresses do not add up to 53,920 frames");
}

TEST_F(Doctor, FindsSegmentsThatAreNotCounted) {
    stimulus.talk_tcp = [] { return Result<std::uint64_t>(70); };
    EXPECT_EQ(state_of("outgoing TCP"), "bad: sent 70 segments, counted 0");
}

TEST_F(Doctor, FindsFiguresThatAreNotTheKernels) {
    tree.replace("proc/netmon", R"("rx_packets":53920)", R"("rx_packets":53921)");
    EXPECT_EQ(state_of("interfaces"), "bad: veth0 rx_packets: /proc/netmon says 53,921, the kernel 53,920");
}

TEST_F(Doctor, FindsExitsThatAreNotCounted) {
    stimulus.end_processes = [](unsigned) { return Result<void>(); };
    EXPECT_EQ(state_of("process exits"), "bad: 20 processes exited, 0 exits counted");
}

TEST_F(Doctor, FindsAProbeThatIsSwitchedOff) {
    stimulus.end_processes = [](unsigned) { return Result<void>(); };
    tree.replace("proc/process_monitor.json", R"("armed":true)", R"("armed":false)");
    EXPECT_EQ(state_of("process exits"), "bad: the probe is off (kprobes or function tracing is disabled): "
                                         "20 processes exited, 0 exits counted");
    EXPECT_EQ(code, ExitCode::failed);
    EXPECT_NE(run(root, {"status"}).out.find("sees no exits: the probe is off"), std::string::npos);
    EXPECT_NE(run(root, {"stats"}).out.find("the probe is off: no exits are seen"), std::string::npos);
}

TEST_F(Doctor, FindsAnInterfaceThatIsDeaf) {
    stimulus.wait = [this] { tree.write("sys/class/net/veth0/statistics/rx_packets", "99999\n"); };
    EXPECT_EQ(state_of("source MACs"), "bad: veth0 received 46,079 frames, 0 counted");
}

TEST_F(Doctor, FindsASettingThatIsNotAsConfigured) {
    tree.write("sys/module/kstat/parameters/counter", "77\n");
    EXPECT_EQ(state_of("settings"), "warning: kstat counter is 77, the configuration says 10");
    EXPECT_EQ(code, ExitCode::ok) << "somebody set it by hand";
}

TEST_F(Doctor, FindsAnotherVersion) {
    tree.write("sys/module/kstat/version", "0.9.0\n");
    EXPECT_EQ(state_of("kstat").rfind("bad: version 0.9.0 is running", 0), 0U);
}

TEST_F(Doctor, FindsAServiceThatIsDegraded) {
    service->status = "degraded: 4 of 5 modules";
    EXPECT_EQ(state_of("kmon.service"), "bad: degraded: 4 of 5 modules");
}

TEST_F(Doctor, FindsAnOptionalServiceThatFailed) {
    EXPECT_EQ(state_of("kmon-exporter.socket"), "no such finding") << "it is not installed";
    other_services["kmon-exporter.socket"] = {"loaded", "inactive", "disabled", ""};
    EXPECT_EQ(state_of("kmon-exporter.socket"), "no such finding") << "it is off";
    other_services["kmon-exporter.socket"] = {"loaded", "failed", "enabled", ""};
    EXPECT_EQ(state_of("kmon-exporter.socket"), "bad: failed; the reason: journalctl -n 20 -u kmon-exporter");
    EXPECT_EQ(code, ExitCode::failed);
    EXPECT_NE(run(root, {"doctor"}).out.find("systemctl restart kmon-exporter.socket"), std::string::npos);
    other_services.clear();
    other_services["kmon-recorder.service"] = {"loaded", "failed", "enabled", ""};
    EXPECT_EQ(state_of("kmon-recorder.service"), "bad: failed; the reason: journalctl -n 20 -u kmon-recorder");
}

TEST_F(Doctor, NamesTheFirstThingWrongWithItsCure) {
    tree.write("etc/kmon.toml", "[kstat]\ncounter = -1\n");
    tree.remove("proc/kstat");
    tree.remove("sys/module/kstat");
    const auto outcome = run(root, {"doctor"});
    EXPECT_EQ(outcome.code, ExitCode::failed);
    EXPECT_NE(outcome.out.find("First fault: configuration: "), std::string::npos) << outcome.out;
    EXPECT_NE(outcome.out.find("kmonctl check"), std::string::npos);
    columns = 200; // or the path of the file is the longest
    EXPECT_LE(longest_line(run(root, {"doctor"}).out), 200U);
}

// ---- selftest ----

class SelfTest : public Cli {
protected:
    SelfTest() {
        tree.write("tests/run_tests.sh", "#!/bin/bash\n");
        bench = {tree.path() / "tests", true, [](const std::string&) { return true; },
                 [this](const std::vector<std::string>& words) {
                     ran = words;
                     return Result<ExitCode>(ExitCode::failed); // as if the tests had failed
                 }};
    }

    test::BusyCopy tree;
    std::vector<std::string> ran;
};

TEST_F(SelfTest, RunsTheSuiteAndPassesOnWhatWasAskedFor) {
    const auto runner = (tree.path() / "tests/run_tests.sh").string();
    EXPECT_EQ(run(test::root_of(tree.path()), {"selftest"}).code, ExitCode::failed);
    EXPECT_EQ(ran, (std::vector<std::string>{runner, "all"}));
    run(test::root_of(tree.path()), {"selftest", "stress", "--interface", "eth0", "--stop-service", "--json"});
    EXPECT_EQ(ran, (std::vector<std::string>{runner, "stress", "--interface", "eth0", "--stop-service", "--json"}));
}

TEST_F(SelfTest, SaysWhatIsMissingAndTheCure) {
    const auto refused = [this] {
        ran.clear();
        auto outcome = run(test::root_of(tree.path()), {"selftest"});
        EXPECT_TRUE(ran.empty());
        EXPECT_EQ(outcome.out, "");
        return outcome;
    };
    bench.installed = [](const std::string& program) { return program != "bats"; };
    EXPECT_EQ(refused().code, ExitCode::failed);
    EXPECT_NE(refused().err.find("apt install bats"), std::string::npos);
    tree.remove("tests");
    EXPECT_EQ(refused().code, ExitCode::failed);
    EXPECT_NE(refused().err.find("tests/run_tests.sh"), std::string::npos);
    bench.root = false;
    EXPECT_EQ(refused().code, ExitCode::not_permitted);
    EXPECT_NE(refused().err.find("sudo"), std::string::npos);
}

TEST_F(SelfTest, AnUnknownSuiteIsWrongUse) {
    EXPECT_EQ(run(test::root_of(tree.path()), {"selftest", "bogus"}).code, ExitCode::usage);
    EXPECT_TRUE(ran.empty());
}

} // namespace
} // namespace kmon::cli
