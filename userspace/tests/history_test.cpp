// SPDX-License-Identifier: GPL-2.0-only
// The recorder's library: packed rows, slots in local time, differences of counters, and the database.
#include "history/history.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "history/database.hpp"
#include "history/recording.hpp"
#include "history_world.hpp"

namespace kmon::history {
namespace {

using test::HistoryWorld;
using test::Zone;
using Slots = std::map<std::int64_t, std::uint64_t>;

constexpr auto start = HistoryWorld::start;

// ---- rows

TEST(HistoryRow, IsTheSameUnpacked) {
    std::mt19937_64 random(18); // NOLINT(cert-msc51-cpp): the same numbers each time
    for (int round = 0; round < 200; ++round) {
        Row row;
        std::uint32_t series = 0;
        for (int i = 0; i < round; ++i) {
            series += 1 + static_cast<std::uint32_t>(random() % (round % 2 ? 3 : 1000));
            row.push_back({series, 1 + (random() >> (random() % 64))});
        }
        Row again;
        ASSERT_TRUE(unpack(pack(row), again));
        EXPECT_EQ(again, row);
    }
    const Row largest = {{0, 1}, {0xfffffffe, ~std::uint64_t{0}}};
    Row again;
    ASSERT_TRUE(unpack(pack(largest), again));
    EXPECT_EQ(again, largest);
}

TEST(HistoryRow, NeighboursTakeTheirNumbersAlone) {
    Row row;
    for (std::uint32_t i = 0; i < 100; ++i)
        row.push_back({i, 1});
    EXPECT_EQ(pack(row).size(), 102U);
    EXPECT_EQ(pack({{5, 1}, {7, 1}}).size(), 5U); // skips one that did not grow
    EXPECT_EQ(pack({}).size(), 0U);
}

TEST(HistoryRow, RefusesWhatIsNone) {
    Row row;
    for (const std::string bad :
         {"\x01", "\x01\x02\x05", "\x80", "\x01\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
          "\xff\xff\xff\xff\x7f\x01\x01", "\x01\xff\xff\xff\xff\x7f"})
        EXPECT_FALSE(unpack(bad, row));
}

TEST(HistoryRow, AddsUp) {
    Row row = {{1, 10}, {3, 30}};
    add(row, {{0, 1}, {3, 3}, {9, 9}});
    EXPECT_EQ(row, (Row{{0, 1}, {1, 10}, {3, 33}, {9, 9}}));
}

// ---- slots

TEST(HistorySlots, HoursAndDaysAreThoseOfTheLocalClock) {
    const Zone zone("Asia/Kolkata");                             // 5:30 ahead
    EXPECT_EQ(slot_start(Tier::hours, start, 10), start - 1800); // 13:30
    EXPECT_EQ(slot_start(Tier::days, start, 10), start - 13 * 3600 - 1800);
    EXPECT_EQ(slot_end(Tier::days, start, 10), start + 10 * 3600 + 1800);
    EXPECT_EQ(slot_start(Tier::finest, start + 19, 10), start + 10);
    EXPECT_EQ(slot_start(Tier::minutes, start + 299, 10), start);
    EXPECT_EQ(slot_end(Tier::minutes, start + 299, 10), start + 300);
}

TEST(HistorySlots, ADayOfTheClocksChangeIsAnHourShorterOrLonger) {
    const Zone zone("Europe/Berlin");
    const Seconds spring = 1'806'188'400; // 2027-03-28 00:00 CET
    EXPECT_EQ(slot_start(Tier::days, spring, 10), spring);
    EXPECT_EQ(slot_end(Tier::days, spring + 5, 10) - spring, 23 * 3600);
    const Seconds autumn = 1'824'933'600; // 2027-10-31 00:00 CEST
    EXPECT_EQ(slot_end(Tier::days, autumn, 10) - autumn, 25 * 3600);
    EXPECT_EQ(month_start(autumn), 1'822'341'600); // 2027-10-01
    EXPECT_EQ(month_end(autumn), autumn + 25 * 3600);
}

// ---- differences

class Recorder : public test::RecorderTest {};

TEST_F(Recorder, WhatWasCountedBeforeTheFirstReadingIsNotItsOwn) {
    begin();
    world.devices.item("a").bytes += 50;
    world.tick();
    ASSERT_TRUE(world.flush());
    EXPECT_EQ(world.sum("a"), 50U);
    EXPECT_EQ(world.slots("a", "devices_bytes", Tier::finest), (Slots{{start, 50}}));
}

TEST_F(Recorder, ADeviceThatComesIsCountedFromItsFirstByte) {
    begin();
    world.devices.item("b").bytes = 77;
    world.tick();
    ASSERT_TRUE(world.flush());
    EXPECT_EQ(world.sum("b"), 77U);
}

TEST_F(Recorder, ACounterThatWentBackBeganAnew) {
    begin();
    world.devices.item("a") = {"a", 1, 30};
    world.tick();
    ASSERT_TRUE(world.flush());
    EXPECT_EQ(world.sum("a"), 30U);
}

// Although it is larger than before.
TEST_F(Recorder, AModuleThatWasLoadedAgainCountsFromZero) {
    begin();
    ++world.instance;
    world.devices.item("a").bytes = 5000;
    world.tick();
    ASSERT_TRUE(world.flush());
    EXPECT_EQ(world.sum("a"), 5000U);
}

TEST_F(Recorder, AModuleThatComesWhileTheRecorderRunsCountsFromZero) {
    world.loaded = false;
    world.read();
    world.loaded = true;
    world.devices.item("a").bytes = 123;
    world.tick();
    ASSERT_TRUE(world.flush());
    EXPECT_EQ(world.sum("a"), 123U);
    EXPECT_EQ(world.slots("a", "devices_bytes", Tier::finest), (Slots{{start, 123}})); // of these ten seconds
}

TEST_F(Recorder, AModuleThatWasAwayForAnHourCountsFromWhenItCame) {
    begin();
    world.loaded = false;
    for (int i = 0; i < 360; ++i) {
        world.tick();
        if (i % 6 == 5) {
            ASSERT_TRUE(world.flush());
        }
    }
    world.loaded = true;
    ++world.instance;
    world.devices.item("a").bytes = 2000;
    world.tick();
    ASSERT_TRUE(world.flush());
    EXPECT_EQ(world.slots("a", "devices_bytes", Tier::finest), (Slots{{start + 3600, 2000}}));
}

TEST_F(Recorder, TheKernelsOwnCountersGoOnWhenTheModuleIsLoadedAgain) {
    world.links.item("eth0").bytes = 1'000'000;
    world.read();
    ++world.instance;
    world.links.item("eth0").bytes += 10;
    world.tick();
    ASSERT_TRUE(world.flush());
    EXPECT_EQ(world.sum("eth0", "links_bytes"), 10U);
}

TEST_F(Recorder, AnInterfaceThatCameIsCountedAndOneThatIsShownOnlyNowIsNot) {
    world.links.item("eth0").bytes = 1;
    world.read();
    world.links.item("tun0").bytes = 40;
    world.tick();
    world.scope = "eth1 too";
    world.links.item("eth1").bytes = 9'000'000;
    world.tick();
    world.links.item("eth1").bytes += 5;
    world.tick();
    ASSERT_TRUE(world.flush());
    EXPECT_EQ(world.sum("tun0", "links_bytes"), 40U);
    EXPECT_EQ(world.sum("eth1", "links_bytes"), 5U);
}

// When the module evicts an idle device, its count moves to the rest, but it was already recorded.
TEST_F(Recorder, AnIdleDeviceThatIsForgottenIsNotCountedTwice) {
    begin();
    world.devices.item("a").packets = 10;
    world.tick();
    world.devices.rest = 10 + 3; // a's, and three of other devices
    world.devices.items.clear();
    world.tick();
    world.devices.item("a").packets = 12; // it is back and counts from zero, already past its old count
    world.tick();
    ASSERT_TRUE(world.flush());
    EXPECT_EQ(world.sum("a", "devices_packets"), 10U + 12U);
    EXPECT_EQ(world.sum(the_others, "devices_packets"), 3U);
}

TEST_F(Recorder, GaugesAreKeptAsTheirValueTimesTheTime) {
    begin();
    world.devices.level = 4;
    world.tick();
    world.tick();
    world.devices.sizes[1] = 6;
    world.tick();
    ASSERT_TRUE(world.flush());
    EXPECT_EQ(world.sum("", "=devices_level"), 4U * 30);
    EXPECT_EQ(world.sum("", "devices_size_up_to_any"), 6U);
    EXPECT_EQ(world.sum("", "devices_size_up_to_127"), 0U);
}

// ---- time

TEST_F(Recorder, AReadingThatComesLateIsNoSpike) {
    begin();
    world.devices.item("a").bytes += 600;
    world.tick(60); // five were missed
    world.devices.item("a").bytes += 100;
    world.tick();
    ASSERT_TRUE(world.flush());
    const Slots expected = {{start, 100},      {start + 10, 100}, {start + 20, 100}, {start + 30, 100},
                            {start + 40, 100}, {start + 50, 100}, {start + 60, 100}};
    EXPECT_EQ(world.slots("a", "devices_bytes", Tier::finest), expected);
    EXPECT_EQ(world.seen(Tier::finest), 10); // only the sum is known of the others
}

TEST_F(Recorder, AGapOfHoursIsAGapWhoseSumIsKept) {
    begin();
    ASSERT_TRUE(world.flush());
    world.begin(); // the recorder ends, and starts three days later
    world.devices.item("a").bytes += 1'000'003;
    world.tick(3 * 86400 + 3605);
    ASSERT_TRUE(world.flush());
    EXPECT_EQ(world.sum("a"), 1'000'003U);
    EXPECT_EQ(world.seen(Tier::finest), 0);
    std::uint64_t largest = 0;
    for (const auto& [slot, by] : world.slots("a", "devices_bytes", Tier::hours))
        largest = std::max(largest, by);
    EXPECT_LT(largest, 1'000'003U / 2); // no single hour has all of it
}

TEST_F(Recorder, AfterAKillNothingIsMissing) {
    begin();
    ASSERT_TRUE(world.flush());
    world.devices.item("a").bytes += 10;
    world.tick(); // then it is killed, with this only in memory
    world.begin();
    world.devices.item("a").bytes += 5;
    world.tick();
    ASSERT_TRUE(world.flush());
    EXPECT_EQ(world.sum("a"), 15U);
}

TEST_F(Recorder, ARebootBeginsAnewAndIsNoSpike) {
    begin();
    world.devices.item("a").bytes += 10;
    world.tick();
    ASSERT_TRUE(world.flush());
    world.reboot();
    world.begin();
    world.devices.item("a").bytes = 4000;
    world.links.item("eth0").bytes = 300;
    world.read(); // 20 s later
    ASSERT_TRUE(world.flush());
    EXPECT_EQ(world.sum("a"), 4010U);
    EXPECT_EQ(world.sum("eth0", "links_bytes"), 300U);
    EXPECT_EQ(world.slots("a", "devices_bytes", Tier::finest),
              (Slots{{start, 10}, {start + 10, 2000}, {start + 20, 2000}}));
}

TEST_F(Recorder, AClockThatIsSetLosesNothingAndMakesNoSpike) {
    begin();
    for (const std::int64_t step : {0, 3600, 0, -7200, 0, 0, 86400, 0}) {
        world.time += step * 1000;
        world.devices.item("a").bytes += 100;
        world.tick();
        ASSERT_TRUE(world.flush());
    }
    EXPECT_EQ(world.sum("a"), 800U);
    for (const auto& [slot, by] : world.slots("a", "devices_bytes", Tier::finest))
        EXPECT_EQ(by, 100U) << slot - start;
}

// A machine without a hardware clock starts in the past.
TEST_F(Recorder, WhatWaitsWhenTheClockIsSetGetsTheRightTime) {
    world.time = 1000 * std::int64_t{1'000'000};
    begin();
    world.devices.item("a").bytes += 100;
    world.tick();
    world.time += start * 1000;
    world.devices.item("a").bytes += 100;
    world.tick();
    ASSERT_TRUE(world.flush());
    const auto slots = world.slots("a", "devices_bytes", Tier::finest);
    ASSERT_EQ(slots.size(), 2U);
    EXPECT_GT(slots.begin()->first, start);
}

// ---- tiers

TEST_F(Recorder, CoarserTiersHaveTheSameSums) {
    begin();
    std::uint64_t total = 0;
    for (int i = 1; i <= 3 * 360; ++i) {
        world.devices.item("a").bytes += static_cast<std::uint64_t>(i);
        total += static_cast<std::uint64_t>(i);
        world.tick();
        if (i % 6 == 0) {
            ASSERT_TRUE(world.flush());
        }
    }
    for (const auto tier : tiers)
        EXPECT_EQ(world.sum("a", "devices_bytes"), total) << index_of(tier);
    const auto hours = world.slots("a", "devices_bytes", Tier::hours);
    ASSERT_EQ(hours.size(), 3U);
    EXPECT_EQ(hours.at(start), 360U * 361 / 2);
    EXPECT_EQ(hours.at(start + 3600), 720U * 721 / 2 - 360U * 361 / 2);
    // From the middle of one slot to the middle of another.
    EXPECT_EQ(world.sum("a", "devices_bytes", History::Extent{start + 20, start + 3600 + 10}),
              360U * 361 / 2 - 1 - 2 + 361);
}

TEST_F(Recorder, WhatIsTooOldGoesAndItsSumStays) {
    world.limits.keep = {3600, 2 * 3600, 86400, for_ever};
    world.begin();
    begin();
    std::uint64_t total = 0;
    for (int i = 1; i <= 6 * 360; ++i) {
        world.devices.item("a").bytes += 7;
        total += 7;
        world.tick();
        if (i % 6 == 0) {
            ASSERT_TRUE(world.flush());
        }
    }
    EXPECT_EQ(world.sum("a"), total);
    auto opened = History::open(world.file());
    ASSERT_TRUE(opened);
    // Nothing finer than the hour is left of the first hour: a query that begins within it begins at its start.
    const auto rounded = opened->rounded({start + 1000, start + 6 * 3600 - 5});
    ASSERT_TRUE(rounded);
    EXPECT_EQ(rounded->from, start);
    EXPECT_EQ(rounded->to, start + 6 * 3600);
    auto database = Database::open(world.file(), Database::Mode::read);
    ASSERT_TRUE(database);
    EXPECT_NEAR(static_cast<double>(database->number("SELECT count(*) FROM finest").value()), 360, 7);
    EXPECT_NEAR(static_cast<double>(database->number("SELECT count(*) FROM minutes").value()), 24, 2);
}

TEST_F(Recorder, AWrongClockForAMomentDeletesLittle) {
    begin();
    for (int i = 0; i < 1000; ++i) {
        world.devices.item("a").bytes += 7;
        world.tick();
        if (i % 10 == 9) {
            ASSERT_TRUE(world.flush());
        }
    }
    world.time += std::int64_t{70} * 365 * 86400 * 1000;
    world.tick();
    ASSERT_TRUE(world.flush());
    auto database = Database::open(world.file(), Database::Mode::read);
    EXPECT_GE(database->number("SELECT count(*) FROM finest").value(), 700);
}

TEST_F(Recorder, StaysBelowItsSizeTheOldestFinestDataGoesFirst) {
    world.limits.max_size = 400'000;
    world.begin();
    for (int i = 0; i < 100; ++i)
        world.devices.item("device " + std::to_string(i)).bytes = 1;
    world.read();
    std::uint64_t total = 0;
    for (int i = 1; i <= 12 * 360; ++i) {
        for (auto& item : world.devices.items)
            item.bytes += 100'000;
        total += 100'000;
        world.tick();
        if (i % 60 == 0) {
            ASSERT_TRUE(world.flush());
        }
    }
    EXPECT_LE(world.recording->size(), 400'000U);
    world.recording->checkpoint();
    EXPECT_LE(std::filesystem::file_size(world.file()), 410'000U);
    EXPECT_EQ(world.sum("device 7"), total);
    EXPECT_EQ(world.slots("device 7", "devices_bytes", Tier::hours).size(), 12U);
    EXPECT_LT(world.slots("device 7", "devices_bytes", Tier::finest).size(), 12U * 360);
}

} // namespace
} // namespace kmon::history
