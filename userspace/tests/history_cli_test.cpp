// SPDX-License-Identifier: GPL-2.0-only
// kmonctl history, alert and top --at, on a history of two devices with known traffic.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "fixture.hpp"
#include "format.hpp"
#include "history_world.hpp"
#include "json.hpp"
#include "kmonctl/cli.hpp"
#include "recorded_history.hpp"
#include "time_text.hpp"

namespace kmon::cli {
namespace {

using test::nas;
using test::start;

// Three hours; see test::record_three_hours().
class HistoryCommand : public testing::Test {
protected:
    HistoryCommand() { test::record_three_hours(tree); }

    struct Outcome {
        ExitCode code;
        std::string out;
        std::string err;
        Json json() const { return Json::parse(out); }
    };

    Outcome run(std::vector<const char*> arguments, std::int64_t now = start + 3 * 3600, std::size_t columns = 80) {
        std::ostringstream out;
        std::ostringstream err;
        Context context(out, err);
        context.root = tree.root();
        context.unicode = true;
        context.columns = columns;
        context.now = [now] { return static_cast<std::time_t>(now); };
        context.neighbours = [] { return NamesByMac(); };
        arguments.insert(arguments.begin(), "kmonctl");
        const auto code = cli::run(context, static_cast<int>(arguments.size()), arguments.data());
        return {code, out.str(), err.str()};
    }

    test::Zone zone{"UTC"};
    test::TempTree tree;
};

TEST_F(HistoryCommand, TellsWhichDeviceUsedHowMuch) {
    const auto outcome = run({"history"});
    EXPECT_EQ(outcome.err, "");
    EXPECT_EQ(outcome.out, "DEVICES  br0, 2027-01-14 11:00:00 to 2027-01-15 11:00:00\n"
                           "mac                name           sent  received   share\n"
                           "28:6f:b9:00:00:01  nas       1,080,000         -  93.8 %  ██████████\n"
                           "d6:00:00:00:00:02  (random)     72,000         -   6.2 %  ▋\n"
                           "total                        1,152,000         -\n"
                           "Not observed: 21h 00m of 1d 00h; only the sum is known for that time.\n");
}

TEST_F(HistoryCommand, ByTheHourItIsExact) {
    const auto json = run({"history", "--by", "hour", "--json"}).json();
    ASSERT_EQ(json["periods"].size(), 3U);
    const std::vector<std::vector<std::uint64_t>> sent = {{360'000, 36'000}, {360'000}, {360'000, 36'000}};
    for (std::size_t hour = 0; hour < sent.size(); ++hour) {
        const auto& period = json["periods"][hour];
        EXPECT_EQ(period["from"], start + static_cast<std::int64_t>(hour) * 3600);
        EXPECT_EQ(period["seen_seconds"], 3600);
        ASSERT_EQ(period["lines"].size(), sent[hour].size());
        for (std::size_t line = 0; line < sent[hour].size(); ++line)
            EXPECT_EQ(period["lines"][line]["sent_bytes"], sent[hour][line]);
        EXPECT_EQ(period["lines"][0]["mac"], nas);
        EXPECT_EQ(period["lines"][0]["name"], "nas");
        EXPECT_EQ(period["lines"][0]["sent_packets"], 360);
        EXPECT_TRUE(period["lines"][0]["received_bytes"].is_null());
    }
    const auto text = run({"history", "--by", "hour"}).out;
    EXPECT_NE(text.find("2027-01-15 09:00  28:6f:b9:00:00:01  nas         360,000"), std::string::npos) << text;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        EXPECT_LE(width(line), 80U) << line;
}

TEST_F(HistoryCommand, OneDeviceByNameOrByAddress) {
    for (const auto* device : {"nas", "NAS", "28-6F-B9-00-00-01", "28:6f"}) {
        const auto json = run({"history", "--device", device, "--json"}).json();
        ASSERT_EQ(json["lines"].size(), 1U) << device;
        EXPECT_EQ(json["total"]["sent_bytes"], 1'080'000);
    }
    const auto none = run({"history", "--device", "fridge"});
    EXPECT_EQ(none.code, ExitCode::failed);
    EXPECT_NE(none.err.find("nothing is known about 'fridge'"), std::string::npos);
}

TEST_F(HistoryCommand, OfATime) {
    EXPECT_EQ(run({"history", "--from", "08:00:10", "--to", "08:00:30", "--json"}).json()["total"]["sent_bytes"], 2200);
    EXPECT_EQ(run({"history", "--last", "1h", "--json"}).json()["total"]["sent_bytes"], 396'000);
    EXPECT_EQ(run({"history", "--last", "90m", "--by", "month", "--json"}).json()["periods"].size(), 1U);
    for (const auto& wrong : std::vector<std::vector<const char*>>{{"history", "--last", "soon"},
                                                                   {"history", "--from", "noon"},
                                                                   {"history", "--from", "10:00", "--to", "09:00"},
                                                                   {"history", "--last", "1h", "--from", "09:00"},
                                                                   {"history", "--by", "week"},
                                                                   {"history", "nonsense"}})
        EXPECT_EQ(run(wrong).code, ExitCode::usage) << wrong[1];
}

TEST_F(HistoryCommand, TheFirstOfManyAndTheTotalOfAll) {
    const auto json = run({"history", "--top", "1", "--json"}).json();
    EXPECT_EQ(json["lines"].size(), 1U);
    EXPECT_EQ(json["left_out"], 1);
    EXPECT_EQ(json["total"]["sent_bytes"], 1'152'000);
    EXPECT_NE(run({"history", "--top", "1"}).out.find("and 1 more"), std::string::npos);
}

TEST_F(HistoryCommand, OtherTables) {
    const auto links = run({"history", "interfaces", "--json"}).json();
    EXPECT_EQ(links["lines"][0]["interface"], "br0");
    EXPECT_EQ(links["lines"][0]["received_bytes"], 1080 * 5);
    EXPECT_EQ(links["lines"][0]["sent_bytes"], 1080 * 50);
    const auto exits = run({"history", "exits", "--json"}).json();
    ASSERT_EQ(exits["lines"].size(), 2U);
    EXPECT_EQ(exits["lines"][0], (Json{{"reason", "code 0"}, {"exits", 1080 * 3}}));
    EXPECT_EQ(exits["lines"][1], (Json{{"reason", "code"}, {"exits", 1080}}));
    EXPECT_EQ(exits["total"]["exits"], 1080 * 4);
    EXPECT_NE(run({"history", "loopback"}).out.find("nothing was counted"), std::string::npos);
    for (const auto* table : {"interfaces", "exits", "tcp", "loopback"})
        EXPECT_EQ(run({"history", table, "--by", "day"}).code, ExitCode::ok) << table;
}

TEST_F(HistoryCommand, AsCsv) {
    EXPECT_EQ(run({"history", "--csv", "--from", "08:00", "--to", "09:00"}).out,
              "from,to,interface,mac,name,sent_bytes,received_bytes,sent_packets,received_packets\r\n"
              "2027-01-15T08:00:00+0000,2027-01-15T09:00:00+0000,br0,28:6f:b9:00:00:01,nas,360000,,360,\r\n"
              "2027-01-15T08:00:00+0000,2027-01-15T09:00:00+0000,br0,d6:00:00:00:00:02,,36000,,360,\r\n");
}

TEST_F(HistoryCommand, FitsFortyColumns) {
    for (const auto& command : std::vector<std::vector<const char*>>{{"history"},
                                                                     {"history", "--by", "hour"},
                                                                     {"history", "interfaces"},
                                                                     {"history", "exits", "--by", "day"}}) {
        const auto outcome = run(command, start + 3 * 3600, 40);
        std::istringstream lines(outcome.out);
        for (std::string line; std::getline(lines, line);)
            EXPECT_LE(width(line), 40U) << line;
    }
}

TEST_F(HistoryCommand, WithoutARecorderItSaysSo) {
    std::filesystem::remove_all(tree.path() / "var/lib/kmon");
    const auto outcome = run({"history"});
    EXPECT_EQ(outcome.code, ExitCode::not_running);
    EXPECT_NE(outcome.err.find("systemctl enable --now kmon-recorder"), std::string::npos);
}

TEST_F(HistoryCommand, AnAlertIsALineAndAStatus) {
    const auto check = [&](const char* warning, const char* critical) {
        return run({"alert", "--device", "nas", "--last", "1h", "--warning", warning, "--critical", critical});
    };
    const auto good = check("400k", "1M");
    EXPECT_EQ(good.code, ExitCode::ok);
    EXPECT_EQ(good.out, "KMON OK - nas: 360 kB in 1h 00m | bytes=360000B;409600;1048576;0\n");
    EXPECT_EQ(static_cast<int>(check("300k", "1M").code), 1);
    const auto critical = check("300k", "350k");
    EXPECT_EQ(static_cast<int>(critical.code), 2);
    EXPECT_EQ(critical.out.find("KMON CRITICAL - nas: "), 0U);
    EXPECT_EQ(static_cast<int>(run({"alert", "--warning", "x"}).code), 3);
    EXPECT_EQ(static_cast<int>(run({"alert"}).code), 3);
    // 2 would be CRITICAL.
    for (const auto& wrong : std::vector<std::vector<const char*>>{{"alert", "--bogus"},
                                                                   {"alert", "nonsense", "--warning", "1"},
                                                                   {"alert", "--warning"},
                                                                   {"alert", "--last", "1h", "--from", "09:00"},
                                                                   {"alert", "--last", "soon", "--warning", "1"},
                                                                   {"alert", "--color", "green"},
                                                                   {"--bogus", "alert"}}) {
        const auto outcome = run(wrong);
        EXPECT_EQ(static_cast<int>(outcome.code), 3) << wrong.back();
        EXPECT_EQ(outcome.out.find("KMON UNKNOWN - "), 0U) << outcome.out;
        EXPECT_EQ(std::ranges::count(outcome.out, '\n'), 1) << outcome.out;
    }
    const auto misspelt = run({"alert", "--device", "fridge", "--warning", "1"});
    EXPECT_EQ(static_cast<int>(misspelt.code), 3);
    EXPECT_NE(misspelt.out.find("nothing is known about 'fridge'"), std::string::npos) << misspelt.out;
    // The phone was silent then, which is OK.
    EXPECT_EQ(static_cast<int>(
                  run({"alert", "--device", "d6:00", "--from", "09:00:10", "--to", "09:55", "--warning", "1"}).code),
              0);
    EXPECT_EQ(static_cast<int>(run({"alert", "--column", "nonsense", "--warning", "1"}).code), 3);
    EXPECT_EQ(static_cast<int>(run({"alert", "exits", "--column", "exits", "--last", "1h", "--warning", "1439"}).code),
              1);
    EXPECT_EQ(static_cast<int>(run({"alert", "exits", "--column", "exits", "--last", "1h", "--warning", "1440"}).code),
              0);
    // Nothing was recorded for hours.
    const auto late = run({"alert", "--warning", "1G"}, start + 6 * 3600);
    EXPECT_EQ(static_cast<int>(late.code), 3);
    EXPECT_NE(late.out.find("is kmon-recorder running?"), std::string::npos);
    std::filesystem::remove_all(tree.path() / "var/lib/kmon");
    EXPECT_EQ(static_cast<int>(run({"alert", "--warning", "1G"}).code), 3);
}

// "OK" would be said of what nobody looked at.
TEST_F(HistoryCommand, AnAlertOfWhatIsNotRecordedIsNoGoodNews) {
    const auto received = run({"alert", "--column", "received_bytes", "--warning", "1"}); // direction is rx
    EXPECT_EQ(static_cast<int>(received.code), 3);
    EXPECT_NE(received.out.find("'received_bytes' is not recorded: l2packet_counter does not count it"),
              std::string::npos)
        << received.out;
    const auto gap = run({"alert", "--last", "2m", "--warning", "1"}, start + 3 * 3600 + 300);
    EXPECT_EQ(static_cast<int>(gap.code), 3);
    EXPECT_NE(gap.out.find("nothing was recorded in this time"), std::string::npos) << gap.out;
}

// To spare an SD card; then the last hour is not there yet, and all is well.
TEST_F(HistoryCommand, AnAlertWaitsForARecorderThatSeldomWrites) {
    const auto late = [&] {
        return static_cast<int>(run({"alert", "--last", "1h", "--warning", "1G"}, start + 3 * 3600 + 2400).code);
    };
    EXPECT_EQ(late(), 3);
    tree.write("etc/kmon.toml", "[recorder]\nwrite_interval = \"1h\"\n");
    EXPECT_EQ(late(), 0);
}

TEST_F(HistoryCommand, WhatGoesTogetherWithNothingIsRefused) {
    for (const auto& both : std::vector<std::vector<const char*>>{{"history", "--json", "--csv"},
                                                                  {"metrics", "--json", "--textfile", "/nowhere"},
                                                                  {"metrics", "--json", "--openmetrics"},
                                                                  {"top", "--at", "08:30", "--once", "-i", "2"},
                                                                  {"top", "--replay", "5", "--once", "-i", "2"},
                                                                  {"exits", "--since", "1h", "--seconds", "2"}})
        EXPECT_EQ(run(both).code, ExitCode::usage) << both[1] << ' ' << both[2];
}

TEST_F(HistoryCommand, TopShowsItAsItWas) {
    const auto then = run({"top", "--at", "08:30", "--json"}).json();
    EXPECT_EQ(then["timestamp"], start + 1810);
    EXPECT_EQ(then["l2packet_counter"]["bytes_per_second"], 110.0);
    EXPECT_EQ(then["netmon_proc"]["tx_bytes_per_second"], 5.0);
    ASSERT_EQ(then["top_macs"].size(), 2U);
    const auto page = run({"top", "--at", "09:30", "--once"}).out;
    EXPECT_NE(page.find("2027-01-15 09:30:10, every 10 s"), std::string::npos) << page;
    EXPECT_NE(page.find("\nnas  "), std::string::npos) << "by its name\n" << page;
    const auto replay = run({"top", "--at", "10:59:30", "--replay", "100000", "--json"}).out;
    EXPECT_EQ(std::count(replay.begin(), replay.end(), '\n'), 3); // up to the end
    EXPECT_EQ(run({"top", "--at", "noon", "--once"}).code, ExitCode::usage);
    EXPECT_EQ(run({"top", "--at", "2026-01-01", "--once"}).code, ExitCode::failed);
}

TEST(TimeText, IsReadAsPeopleWriteIt) {
    const test::Zone zone("Europe/Berlin");
    const std::time_t now = start; // 09:00 there
    EXPECT_EQ(parse_time("now", now), now);
    EXPECT_EQ(parse_time("today", now), now - 9 * 3600);
    EXPECT_EQ(parse_time("yesterday", now), now - 33 * 3600);
    EXPECT_EQ(parse_time("2h", now), now - 7200);
    EXPECT_EQ(parse_time("08:30", now), now - 1800);
    EXPECT_EQ(parse_time("2027-01-15 08:30", now), now - 1800);
    EXPECT_EQ(parse_time("2027-01-15T08:30:05", now), now - 1795);
    EXPECT_EQ(parse_time("@7", now), 7);
    for (const auto* wrong :
         {"", "noon", "2027-13-01", "2027-02-31", "2027-02-29 10:00", "25:00", "08:30 x", "-2h", "@", "@-1"})
        EXPECT_EQ(parse_time(wrong, now), std::nullopt) << wrong;
    EXPECT_EQ(parse_span("2w"), 1'209'600);
    for (const auto* wrong : {"", "0", "w", "2 h", "99999999999y"})
        EXPECT_EQ(parse_span(wrong), std::nullopt) << wrong;
}

} // namespace
} // namespace kmon::cli
