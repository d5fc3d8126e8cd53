// SPDX-License-Identifier: GPL-2.0-only
// The recorder's library when something goes wrong: a kill, a full disk, a damaged file, too many devices.
#include "history/history.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "history/database.hpp"
#include "history/recording.hpp"
#include "history_world.hpp"

namespace kmon::history {
namespace {

class RecorderFaults : public test::RecorderTest {};

// It goes into the database once an hour; but with many devices it would be larger than that by then.
TEST_F(RecorderFaults, ItsLogIsBoundedAsItIs) {
    world.limits.max_size = 4U << 20U;
    world.begin();
    world.read();
    for (int i = 0; i < 3000; ++i)
        world.devices.item(std::to_string(i));
    std::uint64_t largest = 0;
    for (int minute = 0; minute < 45; ++minute) {
        for (auto& item : world.devices.items)
            item.bytes += 100'000;
        world.tick(60);
        ASSERT_TRUE(world.flush());
        largest = std::max(largest, world.recording->log_size());
    }
    EXPECT_LE(largest, (4U << 20U) / 8 + (1U << 17U)); // and what one minute takes
    EXPECT_EQ(world.sum("7"), 4'500'000U);
}

TEST_F(RecorderFaults, ADamagedDatabaseIsKeptAsideAndANewOneBegins) {
    begin();
    ASSERT_TRUE(world.flush());
    world.recording.reset();
    std::filesystem::remove(world.file().native() + "-wal");
    std::ofstream(world.file(), std::ios::binary) << std::string(8192, 'x');
    world.begin();
    begin();
    world.devices.item("a").bytes += 9;
    world.tick();
    ASSERT_TRUE(world.flush());
    EXPECT_EQ(world.sum("a"), 9U);
    ASSERT_EQ(world.warnings.size(), 1U);
    EXPECT_NE(world.warnings[0].find("history.db.damaged"), std::string::npos);
    EXPECT_EQ(std::filesystem::file_size(world.file().native() + ".damaged"), 8192U);
}

// A row in the middle of the database, which no check at the start has read.
TEST_F(RecorderFaults, ADatabaseThatIsDamagedWhileItRunsIsReplacedAndItGoesOn) {
    begin();
    for (int i = 0; i < 29; ++i) {
        world.devices.item("a").bytes += 1;
        world.tick();
    }
    ASSERT_TRUE(world.flush());
    auto other = Database::open(world.file(), Database::Mode::write);
    ASSERT_TRUE(other->run("UPDATE finest SET growth = x'80'"));
    world.devices.item("a").bytes += 4;
    world.tick(); // five minutes are complete and have to be summed up
    EXPECT_TRUE(world.flush());
    ASSERT_EQ(world.warnings.size(), 1U);
    EXPECT_NE(world.warnings[0].find("history.db.damaged"), std::string::npos);
    world.devices.item("a").bytes += 3;
    world.tick();
    ASSERT_TRUE(world.flush());
    EXPECT_EQ(world.sum("a"), 7U); // the data that waited, and the data since
    world.begin();
    world.devices.item("a").bytes += 2;
    world.tick();
    ASSERT_TRUE(world.flush());
    EXPECT_EQ(world.sum("a"), 9U);
}

TEST_F(RecorderFaults, AFileThatWasRemovedIsMadeAgain) {
    begin();
    ASSERT_TRUE(world.flush());
    for (const auto* part : {"", "-wal", "-shm"})
        std::filesystem::remove(world.file().native() + part);
    world.devices.item("a").bytes += 4;
    world.tick();
    ASSERT_TRUE(world.flush());
    EXPECT_EQ(world.sum("a"), 4U);
}

TEST_F(RecorderFaults, AnotherProgramsDatabaseIsLeftAlone) {
    auto other = Database::open(world.file(), Database::Mode::write);
    ASSERT_TRUE(other->run("CREATE TABLE mine (x)"));
    world.read();
    EXPECT_FALSE(world.flush());
    world.tick();
    EXPECT_FALSE(world.flush());
    ASSERT_EQ(world.warnings.size(), 1U); // only one warning
    EXPECT_NE(world.warnings[0].find("another program"), std::string::npos);
    EXPECT_EQ(other->number("SELECT count(*) FROM mine").value(), 0);
}

// A file that must not grow simulates a full disk.
TEST_F(RecorderFaults, AFullDiskIsToldOnceAndNothingIsLostWhenThereIsRoomAgain) {
    begin();
    ASSERT_TRUE(world.flush());
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    rlimit none = before;
    none.rlim_cur = 1024;
    ::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &none);
    for (int i = 0; i < 400; ++i) {
        world.devices.item("a").bytes += 10;
        world.tick();
        if (i % 6 == 5) {
            EXPECT_FALSE(world.flush());
        }
    }
    EXPECT_FALSE(world.recording->works());
    EXPECT_EQ(world.warnings.size(), 1U);
    ::setrlimit(RLIMIT_FSIZE, &before);
    world.devices.item("a").bytes += 10;
    world.tick();
    ASSERT_TRUE(world.flush());
    EXPECT_EQ(world.notes.size(), 1U);
    EXPECT_EQ(world.sum("a"), 4010U);
}

// Mounts of the child: nobody else sees them.
TEST_F(RecorderFaults, AReadOnlyPlaceIsToldOnceAndItBeginsWhenItIsWritable) {
    begin();
    ASSERT_TRUE(world.flush());
    world.recording.reset();
    const pid_t child = ::fork();
    if (child == 0) {
        const auto* const place = world.tree.path().c_str();
        if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount(place, place, nullptr, MS_BIND, nullptr) != 0 ||
            ::mount(nullptr, place, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0)
            ::_exit(77);
        world.begin();
        for (int i = 0; i < 20; ++i) {
            world.devices.item("a").bytes += 10;
            world.tick();
            EXPECT_FALSE(world.flush());
        }
        EXPECT_EQ(world.warnings.size(), 1U);
        EXPECT_EQ(::mount(nullptr, place, nullptr, MS_REMOUNT | MS_BIND, nullptr), 0);
        world.devices.item("a").bytes += 10;
        world.tick();
        EXPECT_TRUE(world.flush());
        EXPECT_EQ(world.sum("a"), 210U);
        EXPECT_EQ(world.notes.size(), 1U);
        ::_exit(::testing::Test::HasFailure() ? 1 : 0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "no mount may be made here";
    EXPECT_EQ(status, 0) << "see above";
}

TEST_F(RecorderFaults, WhoeverSendsFromRandomAddressesDoesNotFillTheDatabase) {
    begin();
    for (int i = 0; i < 30'000; ++i)
        world.devices.items.emplace_back(test::CountingView::Item{std::to_string(i)}).bytes = 5;
    world.tick();
    ASSERT_TRUE(world.flush());
    EXPECT_LE(world.recording->devices(), 20'020U);
    ASSERT_EQ(world.warnings.size(), 1U);
    EXPECT_NE(world.warnings[0].find("too many new devices"), std::string::npos);
}

// Those that are not recorded by themselves stand among the rest, and what they send is there once, whether they are
// recorded later, are forgotten by the module, or the recorder is started anew in between.
TEST_F(RecorderFaults, WhatTooManyDevicesSendIsAmongTheRestOnce) {
    begin();
    // With the one that is there already, 20,501.
    const auto all_send = [&](std::uint64_t packets) {
        for (auto& item : world.devices.items)
            item.packets += packets;
    };
    for (int i = 0; i < 20'500; ++i)
        world.devices.items.emplace_back(test::CountingView::Item{"d" + std::to_string(i)});
    all_send(7);
    world.tick();
    ASSERT_TRUE(world.flush());
    const auto recorded = [&] { return world.recording->devices(); };
    EXPECT_LE(recorded(), 20'020U);
    EXPECT_EQ(world.sum("", "devices_packets"), 20'501U * 7);
    EXPECT_GE(world.sum(the_others, "devices_packets"), 480U * 7);

    all_send(1);
    const auto before = recorded();
    world.tick(300); // time for a hundred more
    ASSERT_TRUE(world.flush());
    EXPECT_GE(recorded(), before + 95);
    EXPECT_EQ(world.sum("", "devices_packets"), 20'501U * 8);

    world.begin(); // it does not remember whom it refused
    all_send(1);
    world.devices.rest = world.devices.item("d0").packets; // the module forgets it
    std::erase_if(world.devices.items, [](const auto& item) { return item.name == "d0"; });
    world.tick();
    ASSERT_TRUE(world.flush());
    EXPECT_GE(recorded(), 20'490U) << "all are recorded now";
    EXPECT_EQ(world.sum("", "devices_packets"), 20'501U * 9);
    EXPECT_EQ(world.sum("d0", "devices_packets"), 8U);

    all_send(1);
    world.tick();
    ASSERT_TRUE(world.flush());
    EXPECT_EQ(world.sum("", "devices_packets"), 20'501U * 9 + 20'500);
}

TEST_F(RecorderFaults, DevicesThatCountedLeastAreForgottenWhenThereAreTooMany) {
    world.limits.max_size = 1'000'000; // room for 2500 names
    world.begin();
    world.devices.item("nas").bytes = 0;
    world.read();
    for (int day = 0; day < 6; ++day) {
        world.devices.items = {world.devices.item("nas")};
        world.devices.item("nas").bytes += 1'000'000;
        for (int i = 0; i < 600; ++i)
            world.devices.item("nobody " + std::to_string(day) + " " + std::to_string(i)).bytes = 60;
        world.tick();
        ASSERT_TRUE(world.flush());
        world.tick(86400 - 10);
        ASSERT_TRUE(world.flush());
    }
    auto history = History::open(world.file());
    const auto subjects = history->subjects("mac");
    EXPECT_LE(subjects->size(), 2600U);
    EXPECT_GE(subjects->size(), 1200U);
    EXPECT_EQ(world.sum("nas"), 6'000'000U);
    EXPECT_EQ(world.sum("nobody 5 1"), 60U); // the recent ones are there
    EXPECT_EQ(world.sum("nobody 0 1"), 0U);
}

TEST_F(RecorderFaults, ACopyThatIsSavedIsWhole) {
    begin();
    world.devices.item("a").bytes += 4;
    world.tick();
    ASSERT_TRUE(world.flush());
    const auto copy = world.tree.path() / "saved.db";
    ASSERT_TRUE(world.recording->save_to(copy));
    ASSERT_TRUE(world.recording->save_to(copy)); // replaces the earlier copy
    auto opened = History::open(copy);
    ASSERT_TRUE(opened) << opened.error().what;
    EXPECT_EQ(opened->subjects("mac")->size(), 2U);
}

// Of a service that kept it in memory and was killed; then it is to be on the disk.
TEST_F(RecorderFaults, ADatabaseIsMovedWithItsLogOrStaysWhereItIs) {
    begin();
    world.devices.item("a").bytes += 4;
    world.tick();
    ASSERT_TRUE(world.flush());
    const auto left = world.tree.path() / "memory/history.db";
    std::filesystem::create_directories(left.parent_path());
    for (const auto* part : {"", "-wal"}) // as it is, without being closed
        std::filesystem::copy_file(world.file().native() + part, left.native() + part);
    world.recording.reset();

    EXPECT_FALSE(move_database(left, world.tree.path() / "nowhere/history.db"));
    EXPECT_TRUE(std::filesystem::exists(left));

    const auto to = world.tree.write("disk/history.db", "an older one");
    world.tree.write("disk/history.db-wal", "with its log");
    const auto moved = move_database(left, to);
    ASSERT_TRUE(moved) << moved.error().what;
    EXPECT_TRUE(std::filesystem::is_empty(left.parent_path()));
    std::filesystem::copy_file(to, world.file(), std::filesystem::copy_options::overwrite_existing);
    EXPECT_EQ(world.sum("a"), 4U);
}

TEST_F(RecorderFaults, WhoMayOnlyReadReads) {
    begin();
    world.devices.item("a").bytes += 4;
    world.tick();
    ASSERT_TRUE(world.flush());
    EXPECT_EQ(world.sum("a"), 4U);
    world.recording.reset(); // and without a writer
    EXPECT_FALSE(std::filesystem::exists(world.file().native() + "-wal"));
    std::filesystem::permissions(world.tree.path(),
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
    EXPECT_EQ(world.sum("a"), 4U);
    std::filesystem::permissions(world.tree.path(), std::filesystem::perms::owner_all);
}

TEST(HistoryFile, WithoutARecorderThereIsNone) {
    const test::TempTree tree;
    const auto none = History::open(tree.path() / "history.db");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ExitCode::not_running);
}

} // namespace
} // namespace kmon::history
