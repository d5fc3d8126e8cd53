// SPDX-License-Identifier: GPL-2.0-only
// Failed exits in the journal, written by kmond and read back by kmonctl.
#include "kmond/failed_exits.hpp"

#include <gtest/gtest.h>

#include <map>

#include "control/exit_entry.hpp"
#include "fixture.hpp"
#include "time_text.hpp"

namespace kmon {
namespace {

using namespace std::chrono_literals;
using control::Entry;
using control::Topic;

ExitRecord record(int status) {
    ExitRecord record;
    record.pid = 12;
    record.tgid = 11;
    record.ppid = 10;
    record.status = status;
    record.utime_ns = 1;
    record.stime_ns = 2;
    record.start_ns = 1000;
    record.lifetime_ns = 500;
    record.name = "a\nb=\xff";
    record.more = ExitRecord::More{1000, 99, 3, true};
    return record;
}

std::map<std::string, std::string> fields_of(const Entry& entry) { return {entry.fields.begin(), entry.fields.end()}; }

std::optional<ExitRecord> back(const Entry& entry) {
    return control::exit_in([fields = fields_of(entry)](const char* name) {
        const auto field = fields.find(name);
        return field == fields.end() ? std::string() : field->second;
    });
}

TEST(ExitEntry, SaysHowItEndedAsSystemdDoes) {
    const auto told = [](int status) {
        const auto entry = control::entry_of(record(status), 0);
        auto fields = fields_of(entry);
        return fields["EXIT_CODE"] + " " + fields["EXIT_STATUS"] + ": " + entry.message;
    };
    EXPECT_EQ(told(3 << 8), "exited 3: a\\x0ab=\\xff (pid 11) ended with code 3");
    EXPECT_EQ(told(9), "killed KILL: a\\x0ab=\\xff (pid 11) was killed by SIGKILL");
    EXPECT_EQ(told(11 | 0x80), "dumped SEGV: a\\x0ab=\\xff (pid 11) was killed by SIGSEGV, with a core dump");
    EXPECT_EQ(told(64), "killed 64: a\\x0ab=\\xff (pid 11) was killed by SIG64");
}

TEST(ExitEntry, IsReadBackAsItWas) {
    const auto was = record(3 << 8);
    const auto is = back(control::entry_of(was, 1'000'000));
    ASSERT_TRUE(is);
    EXPECT_EQ(is->end_ns(), was.end_ns() + 1'000'000);
    EXPECT_EQ(is->tgid, 11);
    EXPECT_EQ(is->ppid, 10);
    EXPECT_EQ(is->status, 3 << 8);
    EXPECT_EQ(is->name, was.name);
    EXPECT_EQ(is->lifetime_ns, 500U);
    EXPECT_EQ(is->cpu_ns(), 3U);
    ASSERT_TRUE(is->more);
    EXPECT_EQ(is->more->uid, 1000U);
    EXPECT_EQ(is->more->cgroup, 99U);
    EXPECT_EQ(is->more->ns_pid, 3);
    EXPECT_TRUE(is->more->exec);
}

TEST(ExitEntry, WhatIsNoneIsLeftOut) {
    EXPECT_FALSE(control::exit_in([](const char*) { return std::string(); }));
    EXPECT_FALSE(control::exit_in([](const char*) { return std::string("x"); }));
    EXPECT_FALSE(control::exit_in([](const char* name) { return std::string(name) == "KMON_PID" ? "1e3" : "1"; }));
    auto entry = control::entry_of(record(9), 0);
    std::erase_if(entry.fields, [](const auto& field) { return field.first == "KMON_UID"; });
    ASSERT_TRUE(back(entry));
    EXPECT_FALSE(back(entry)->more);
}

// As many as allowed at once, then a few per second. The rest is counted and reported.
TEST(FailedExits, AreLimitedAndTheRestIsCounted) {
    std::vector<Entry> entries;
    const control::Journal journal = [&](const Entry& entry) { entries.push_back(entry); };
    const Root root = test::busy("second");
    kmond::FailedExits exits(root, journal);
    kmond::FailedExits::Clock::time_point now{1000s};
    exits.tell_suppressed(now);
    for (int i = 0; i < 150; ++i)
        exits.tell(record(9), 0, now);
    EXPECT_EQ(entries.size(), 100U);
    exits.tell_suppressed(now + 999ms);
    EXPECT_EQ(entries.size(), 100U);
    exits.tell_suppressed(now + 1s);
    ASSERT_EQ(entries.size(), 101U);
    EXPECT_EQ(entries.back().topic, Topic::exits_suppressed);
    EXPECT_EQ(entries.back().fields.at(0).second, "50");
    for (int i = 0; i < 30; ++i)
        exits.tell(record(9), 0, now + 1s);
    EXPECT_EQ(entries.size(), 121U) << "20 a second";
    exits.tell_suppressed(now + 2s);
    EXPECT_EQ(entries.back().fields.at(0).second, "10");
    exits.tell_suppressed(now + 3s);
    EXPECT_EQ(entries.size(), 122U) << "nothing more was left out";
}

TEST(FailedExits, ThatCannotBeHadAreToldOnce) {
    std::vector<Entry> entries;
    const control::Journal journal = [&](const Entry& entry) { entries.push_back(entry); };
    const test::TempTree tree;
    const Root root = tree.root();
    kmond::FailedExits exits(root, journal);
    kmond::FailedExits::Clock::time_point now{1000s};
    exits.look(now);
    EXPECT_TRUE(entries.empty()) << "nobody wants them";
    exits.want(true);
    for (int i = 0; i < 100; ++i)
        exits.look(now += 1s);
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_NE(entries[0].message.find("tracefs is not mounted"), std::string::npos) << entries[0].message;
}

TEST(PastExits, TimesAreReadInSeveralForms) {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    const std::time_t now = 1'795'971'845; // 2026-11-29 17:04:05
    const auto since = [&](const char* text) { return parse_time(text, now).value_or(-1); };
    EXPECT_EQ(since("10m"), now - 600);
    EXPECT_EQ(since("90"), now - 90);
    EXPECT_EQ(since("@1795000000"), 1'795'000'000);
    EXPECT_EQ(since("2026-11-29 15:04:05"), now - 7200);
    EXPECT_EQ(since("15:04"), now - 7205);
    EXPECT_EQ(since("2026-11-29"), now - 61445);
    for (const auto* text : {"", "x", "@", "@-1", "10x", "25:99", "2026-11-29 15", "15:04 ", "99999999999h"})
        EXPECT_EQ(since(text), -1) << text;
}

} // namespace
} // namespace kmon
