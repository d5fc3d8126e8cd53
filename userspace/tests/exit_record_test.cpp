// SPDX-License-Identifier: GPL-2.0-only
#include "exit_record.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "cgroups.hpp"
#include "exit_trace.hpp"
#include "fixture.hpp"

namespace kmon {
namespace {

std::string line(const std::string& name) {
    return "process_exit: pid=228 tgid=220 ppid=215 exit_code=139 utime=2897497 stime=3 start_time=20150920140 "
           "runtime=2897500 lifetime=7741633 comm=" +
           name;
}

TEST(ExitRecord, HasTheFieldsOfTheTraceEvent) {
    const auto record = parse_exit(line("two words"));
    ASSERT_TRUE(record);
    EXPECT_EQ(record->pid, 228);
    EXPECT_EQ(record->tgid, 220);
    EXPECT_EQ(record->ppid, 215);
    EXPECT_EQ(record->signal(), 11);
    EXPECT_TRUE(record->dumped_core());
    EXPECT_EQ(record->cpu_ns(), 2897500U);
    EXPECT_EQ(record->end_ns(), 20150920140U + 7741633U);
    EXPECT_EQ(record->name, "two words");
    EXPECT_EQ(how_it_ended(*record), "SIGSEGV, core");
}

TEST(ExitRecord, TheNameIsWhatTheProcessCalledItself) {
    EXPECT_EQ(parse_exit(line(R"(evil\x0a\x1b[31m)"))->name, "evil\n\033[31m");
    EXPECT_EQ(parse_exit(line(R"(a\x5cx0a)"))->name, "a\\x0a");
    EXPECT_EQ(parse_exit(line(R"(a\x)"))->name, "a\\x");
    EXPECT_EQ(parse_exit(line(""))->name, "");
    EXPECT_EQ(parse_exit(line(" process_exit: pid=1"))->name, " process_exit: pid=1");
}

const std::string more = " uid=1000 cgroup=4294967297 ns_pid=7 core=1 exec=1";

TEST(ExitRecord, HasWhatStandsBehindTheName) {
    const auto record = parse_exit(line("two words") + more);
    ASSERT_TRUE(record && record->more);
    EXPECT_EQ(record->name, "two words");
    EXPECT_EQ(record->more->uid, 1000U);
    EXPECT_EQ(record->more->cgroup, 4294967297U);
    EXPECT_EQ(record->more->ns_pid, 7);
    EXPECT_TRUE(record->more->exec);
    EXPECT_FALSE(parse_exit(line("sh") + " uid=4294967295 cgroup=1 ns_pid=1 core=0 exec=0")->more->exec);
    EXPECT_EQ(parse_exit(line("sh") + " uid=4294967295 cgroup=1 ns_pid=1 core=0 exec=0")->more->uid, 4294967295U);
}

TEST(ExitRecord, AnOlderModuleEndsWithTheName) {
    const auto record = parse_exit(line("sh"));
    ASSERT_TRUE(record);
    EXPECT_FALSE(record->more);
}

TEST(ExitRecord, ANewerModuleMayTellMore) {
    const auto record = parse_exit(line("sh") + more + " threads=3");
    ASSERT_TRUE(record && record->more);
    EXPECT_EQ(record->name, "sh");
    EXPECT_EQ(record->more->ns_pid, 7);
}

TEST(ExitRecord, NoNamePassesForAField) {
    for (const std::string name : {"a uid=0", " uid=0 exec=1", "x uid=0 cgroup=1 ns_pid=1 core=0 exec=0", " uid="}) {
        const auto record = parse_exit(line(name) + more);
        ASSERT_TRUE(record && record->more) << name;
        EXPECT_EQ(record->name, name);
        EXPECT_EQ(record->more->uid, 1000U) << name;
    }
    // An older module, and a name of maximum length.
    const auto record = parse_exit(line(" uid=0 cgroup=1"));
    EXPECT_EQ(record->name, " uid=0 cgroup=1");
    EXPECT_FALSE(record->more);
}

TEST(ExitRecord, HalfOfTheFieldsAreNone) {
    EXPECT_FALSE(parse_exit(line("sh") + " uid=1000 cgroup=x ns_pid=7 core=1 exec=1")->more);
    EXPECT_FALSE(parse_exit(line("sh") + more + "x")->more);
    EXPECT_FALSE(parse_exit(line("sh") + more.substr(0, more.size() - 1))->more);
}

TEST(ExitRecord, WhatIsNoneIsNone) {
    for (const std::string other :
         {"", "process_exit: ", "process_exit: pid=x", "CPU:0 [LOST 12 EVENTS]", "sh-1 [000] 1.0: process_exit: pid=1",
          "process_exit: pid=99999999999999999999 tgid=1"})
        EXPECT_FALSE(parse_exit(other)) << other;
    EXPECT_FALSE(parse_exit(line("").substr(0, line("").size() - 6)));
}

TEST(ExitRecord, EndsAreNamed) {
    ExitRecord record;
    EXPECT_EQ(how_it_ended(record), "0");
    EXPECT_FALSE(record.failed());
    record.status = 3 << 8;
    EXPECT_EQ(how_it_ended(record), "3");
    record.status = 9;
    EXPECT_EQ(how_it_ended(record), "SIGKILL");
    EXPECT_EQ(signal_name(64), "SIG64");
}

TEST(ExitRecord, EveryLineOfTheCapturedTraceIsOne) {
    std::ifstream trace(test::fixtures() / "busy/trace");
    std::map<std::string, int> names;
    int records = 0;
    for (std::string text; std::getline(trace, text); ++records) {
        const auto record = parse_exit(text);
        ASSERT_TRUE(record) << text;
        ++names[record->name];
    }
    EXPECT_GT(records, 300);
    EXPECT_EQ(names["evil\n\033[31m"], 4);
    EXPECT_EQ(names["two words"], 4);
}

TEST(Cgroups, ThoseBelowAreWithin) {
    EXPECT_TRUE(is_within("/user.slice", "/user.slice"));
    EXPECT_TRUE(is_within("/user.slice/a.scope", "/user.slice"));
    EXPECT_TRUE(is_within("/user.slice/a.scope", "/user.slice/"));
    EXPECT_TRUE(is_within("/user.slice", "/")) << "all are below the topmost";
    EXPECT_FALSE(is_within("/user.slices", "/user.slice"));
    EXPECT_FALSE(is_within("/", "/user.slice"));
    EXPECT_FALSE(is_within("", "/user.slice")) << "a group that is not known";
}

TEST(Cgroups, WithoutCgroup2NoneIsKnown) {
    const test::TempTree tree;
    EXPECT_EQ(Cgroups(tree.root()).path(1), "");
}

TEST(ExitTrace, WithoutTracefsItSaysHowToMountIt) {
    const test::TempTree tree;
    const auto trace = ExitTrace::open(tree.root());
    ASSERT_FALSE(trace);
    EXPECT_EQ(trace.error().hint, "mount -t tracefs tracefs /sys/kernel/tracing");
}

TEST(ExitTrace, WithoutTheModuleItIsNotRunning) {
    const test::TempTree tree;
    tree.write("sys/kernel/tracing/instances/x", "");
    const auto trace = ExitTrace::open(tree.root());
    ASSERT_FALSE(trace);
    EXPECT_EQ(trace.error().code, ExitCode::not_running);
}

TEST(ExitTrace, WhatAKilledOneLeftIsTakenAwayAndOthersStay) {
    const test::TempTree tree;
    const std::string instances = "sys/kernel/tracing/instances/";
    tree.write("sys/kernel/tracing/events/kmon/process_exit/enable", "0");
    tree.write("proc/77/comm", "kmon");
    for (const auto* name : {"kmon.76", "kmon.77", "kmon.x", "other.76"})
        std::filesystem::create_directories(tree.path() / (instances + name));
    EXPECT_FALSE(ExitTrace::open(tree.root())) << "a plain directory is no tracefs";
    EXPECT_FALSE(std::filesystem::exists(tree.path() / (instances + "kmon.76")));
    for (const auto* name : {"kmon.77", "kmon.x", "other.76"})
        EXPECT_TRUE(std::filesystem::exists(tree.path() / (instances + name))) << name;
    EXPECT_FALSE(std::filesystem::exists(tree.path() / (instances + "kmon." + std::to_string(::getpid()))));
}

} // namespace
} // namespace kmon
