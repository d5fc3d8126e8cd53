// SPDX-License-Identifier: GPL-2.0-only
// What kmonctl prints fits the terminal: 80 columns, and 40.
#include "cli_fixture.hpp"

#include <algorithm>

namespace kmon::cli {
namespace {

TEST_F(Cli, StatsFitsEightyColumns) {
    const auto outcome = run(test::busy("second"), {"stats"});
    EXPECT_EQ(outcome.code, ExitCode::ok);
    EXPECT_LE(longest_line(outcome.out), 80U);
    for (const auto* part : {"LOOPBACK", "FRAMES BY SOURCE MAC", "OUTGOING TCP", "INTERFACES", "PROCESS EXITS",
                             "36,000  43,200,000  66.8 %"})
        EXPECT_NE(outcome.out.find(part), std::string::npos) << part;
}

// The largest possible numbers and the longest names.
TEST_F(Cli, StatsFitsEightyColumnsWhateverTheNumbers) {
    const test::BusyCopy tree;
    const std::string most = "18446744073709551615";
    for (const auto* file : {"proc/localhost_stats.json", "proc/l2packet_counter.json", "proc/kstat/stats.json",
                             "proc/netmon", "proc/process_monitor.json"}) {
        auto content = tree.read(file);
        for (const std::string key :
             {"packets",         "segments",        "bytes",      "rx_bytes",      "tx_bytes",
              "rx_packets",      "tx_packets",      "rx_errors",  "tx_errors",     "rx_dropped",
              "tx_dropped",      "published",       "exits",      "thread_exits",  "untracked_packets",
              "evicted_packets", "logged",          "suppressed", "missed_probes", "utime_ns",
              "nonzero_exits",   "killed_by_signal"}) {
            const auto quoted = R"(")" + key + R"(":)";
            for (auto at = content.find(quoted); at != std::string::npos; at = content.find(quoted, at + 1)) {
                const auto start = at + quoted.size();
                content.replace(start, content.find_first_not_of("0123456789", start) - start, most);
            }
        }
        for (auto at = content.find("veth0"); at != std::string::npos; at = content.find("veth0", at + 15))
            content.replace(at, 5, "abcdefghijklmno");
        tree.write(file, content);
    }
    const auto outcome = run(test::root_of(tree.path()), {"stats"});
    EXPECT_EQ(outcome.code, ExitCode::ok) << outcome.err;
    EXPECT_LE(longest_line(outcome.out), 80U) << outcome.out;
    EXPECT_NE(outcome.out.find("18.4"), std::string::npos);
}

TEST_F(Cli, StatusAndDoctorFitFortyColumns) {
    columns = 40;
    const test::BusyCopy tree;
    tree.write("proc/sys/kernel/osrelease", "6.1.0\n"); // otherwise the heading alone is longer
    for (const auto* command : {"status", "doctor"}) {
        const auto out = run(test::root_of(tree.path()), {command}).out;
        EXPECT_LE(longest_line(out), 40U) << out;
    }
}

// Numbers are complete or abbreviated, and no line is cut.
TEST_F(Cli, PagesFitFortyColumns) {
    columns = 40;
    const test::BusyCopy tree;
    tree.write("etc/ethers", "52:54:00:12:34:56 the-router-by-the-door\n");
    const auto root = test::root_of(tree.path());
    for (const auto& command : std::vector<std::vector<const char*>>{
             {"stats"}, {"stats", "l2packet_counter"}, {"macs"}, {"version"}, {"top", "--once", "--interval", "0.1"}}) {
        const auto outcome = run(root, command);
        EXPECT_EQ(outcome.code, ExitCode::ok);
        EXPECT_LE(longest_line(outcome.out), 40U) << outcome.out;
    }
    EXPECT_NE(run(root, {"macs"}).out.find("36,000  43,200,000\n"), std::string::npos) << run(root, {"macs"}).out;
    EXPECT_NE(run(root, {"stats", "netmon_proc"}).out.find("errors\n"), std::string::npos);
    EXPECT_NE(run(root, {"version"}).out.find("6.12.117+deb13-amd64\n"), std::string::npos);
    past.resize(1);
    past[0].name = "a-long-name-000";
    past[0].tgid = 4194304;
    past[0].status = 139;
    const auto exits = run(root, {"exits", "--since", "1h"});
    EXPECT_LE(longest_line(exits.out), 40U) << exits.out;
    EXPECT_NE(exits.out.find("SIGSEGV"), std::string::npos);
    EXPECT_LE(longest_line(run(root, {"exits", "--help"}).out), 40U);
}

TEST_F(Cli, HelpFitsEightyColumns) {
    for (const auto* command :
         {"status", "stats", "top", "exits", "macs", "metrics", "history", "alert", "check", "load", "apply", "reset",
          "kstat", "start", "stop", "doctor", "selftest", "version", "help"})
        EXPECT_LE(longest_line(run(test::busy("second"), {command, "--help"}).out), 80U) << command;
    EXPECT_LE(longest_line(run(test::busy("second"), {"--help"}).out), 80U);
}

TEST_F(Cli, CheckBreaksLinesOnATerminalAndNowhereElse) {
    const test::TempTree tree;
    const auto file = tree.write("a.toml", "[kstat]\ninterface eth0\n").string();
    EXPECT_EQ(run(tree.root(), {"check", file.c_str()}).err,
              file + ":2:10: interface: missing = between key and value; write: interface = \"eth0\"\n");
    err_is_terminal = true;
    const auto broken = run(tree.root(), {"check", file.c_str()}).err;
    EXPECT_LE(longest_line(broken), 80U) << broken;
    EXPECT_NE(broken.find("\n  "), std::string::npos) << broken;
}

TEST_F(Cli, TopOnceIsAPageOfTheTerminalsSize) {
    const auto outcome = run(test::busy("second"), {"top", "--once", "--interval", "0.1"});
    EXPECT_EQ(outcome.code, ExitCode::ok);
    EXPECT_EQ(std::ranges::count(outcome.out, '\n'), 24);
    EXPECT_LE(longest_line(outcome.out), 80U);
    const auto json = run(test::busy("second"), {"top", "--once", "--json", "--interval", "0.1"}).json();
    EXPECT_EQ(json["kstat"]["packets_per_second"], 0.0);
}

} // namespace
} // namespace kmon::cli
