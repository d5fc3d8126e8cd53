// SPDX-License-Identifier: GPL-2.0-only
// The costs of the history, measured in simulated time: bytes on disk for a month of 200 active devices, the time that
// queries over a year take, and the CPU time of reading 10,000 devices.
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <iostream>

#include "history/query.hpp"
#include "history_world.hpp"

namespace kmon::history {
namespace {

using test::HistoryWorld;
using test::Zone;

constexpr int devices = 200;
constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;

// Each device sends and receives in every interval, about as much as a video stream, and occasionally more.
void make_traffic(HistoryWorld& world, int seconds) {
    static std::uint64_t state = 88172645463325252U;
    for (auto& item : world.devices.items) {
        state ^= state << 13U;
        state ^= state >> 7U;
        state ^= state << 17U;
        const auto packets = (1 + state % 4000) * static_cast<std::uint64_t>(seconds) / 10;
        item.packets += packets;
        item.bytes += packets * (60 + state % 1400);
    }
}

void make_devices(HistoryWorld& world, int count) {
    for (int i = 0; i < count; ++i)
        world.devices.item("02:00:00:00:" + std::to_string(10 + i / 100) + ":" + std::to_string(10 + i % 100));
}

// With twice the figures, as when both directions are counted.
Module both_directions(Module module) {
    const auto one_way = module.metrics;
    for (auto family : one_way) {
        if (family.labels.empty()) continue;
        family.name += "_received";
        module.metrics.push_back(std::move(family));
    }
    return module;
}

double milliseconds_of(const std::function<void()>& work) {
    double best = 1e9;
    for (int i = 0; i < 5; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        work();
        best =
            std::min(best, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
    }
    return best;
}

std::uint64_t written_bytes() {
    std::ifstream io("/proc/self/io");
    std::string key;
    std::uint64_t value = 0;
    while (io >> key >> value)
        if (key == "wchar:") return value;
    return 0;
}

// Reads for `seconds`. Writes every minute, or after every reading if readings are less frequent.
void run(HistoryWorld& world, std::int64_t seconds, int step) {
    for (std::int64_t i = 1; i <= seconds / step; ++i) {
        make_traffic(world, step);
        world.tick(step);
        if (i % std::max(1, 60 / step) == 0) {
            ASSERT_TRUE(world.flush());
        }
        if (i % (3600 / step) == 0) world.recording->checkpoint();
    }
}

TEST(HistoryCost, AMonthOf200DevicesTakesLessThan64MiB) {
    const Zone zone("Europe/Berlin");
    HistoryWorld world;
    world.devices_module = both_directions(world.devices_module);
    world.limits.max_size = 1024 * mebibyte; // not the limit that matters here
    // In the end, nothing finer than five minutes is left of the first 28 days, so they are not read more often.
    world.limits.interval = 300;
    world.begin();
    make_devices(world, devices);
    world.read();
    ASSERT_TRUE(world.flush());
    run(world, 29 * 86400 - 300, 300);
    world.limits.interval = 10;
    world.begin();
    world.tick(300);
    const auto before = written_bytes();
    run(world, 86400, 10);
    const auto written = written_bytes() - before;
    world.recording->checkpoint();
    const auto size = std::filesystem::file_size(world.file());
    std::cout << "a month of " << devices
              << " devices, both directions, each active in every interval: " << static_cast<double>(size) / mebibyte
              << " MiB; written in the last day: " << static_cast<double>(written) / mebibyte << " MiB\n";
    EXPECT_LE(size, 64 * mebibyte);
    EXPECT_GE(size, 8 * mebibyte); // everything is in it
}

TEST(HistoryCost, AYearsQuestionTakesLessThan200Milliseconds) {
    const Zone zone("Europe/Berlin");
    HistoryWorld world;
    world.devices_module = both_directions(world.devices_module);
    world.devices_module.name = "devices";
    world.devices_module.history = {
        .name = "devices",
        .labels = {"interface", "mac"},
        .columns = {{"sent_bytes", "sent", "devices_bytes", true}, {"sent_packets", "", "devices_packets"}}};
    // One reading per hour: nothing finer is left of a year, except for its last month.
    world.limits.interval = 3600;
    world.limits.keep[0] = world.limits.keep[1] = 7200;
    world.limits.max_size = 1024 * mebibyte;
    world.begin();
    make_devices(world, devices);
    world.read();
    ASSERT_TRUE(world.flush());
    for (int hour = 0; hour < 365 * 24; ++hour) {
        make_traffic(world, 3600);
        world.tick(3600);
        ASSERT_TRUE(world.flush());
    }
    world.recording->checkpoint();
    auto question = Question{{&world.devices_module, &world.devices_module.history}, {}, By::all};
    for (const auto& [by, name] : {std::pair(By::all, "a sum"), std::pair(By::month, "by month"),
                                   std::pair(By::day, "by day"), std::pair(By::hour, "by hour")}) {
        question.by = by;
        std::size_t periods = 0;
        const auto time = milliseconds_of([&] {
            auto history = History::open(world.file());
            ASSERT_TRUE(history) << history.error().what;
            question.extent = history->extent().value();
            question.top = 20;
            const auto answer = ask(*history, question);
            ASSERT_TRUE(answer) << answer.error().what;
            EXPECT_EQ(answer->lines.size(), 20U);
            periods = answer->periods.size();
        });
        std::cout << "a year of " << devices << " devices, " << name << " (" << periods << " periods): " << time
                  << " ms\n";
#ifdef __OPTIMIZE__
        EXPECT_LE(time, 200) << name;
#else
        EXPECT_LE(time, by == By::hour ? 10000 : 400) << name; // a year by the hour are 8760 tables
#endif
    }
}

double cpu_seconds() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// Without reading and parsing the module's view.
TEST(HistoryCost, AReadingOf10000DevicesTakesLessThanAHundredthOfItsInterval) {
    HistoryWorld world;
    world.devices_module = both_directions(world.devices_module);
    make_devices(world, 10'000);
    world.read();
    ASSERT_TRUE(world.flush());
    double used = 0;
    constexpr int minutes = 3;
    for (int i = 1; i <= minutes * 6; ++i) {
        make_traffic(world, 10);
        const auto before = cpu_seconds();
        world.tick();
        if (i % 6 == 0) {
            ASSERT_TRUE(world.flush());
        }
        used += cpu_seconds() - before;
    }
    (void)::malloc_trim(0); // as the recorder does
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmRSS")) std::cout << line << " (with the test itself)\n";
    std::cout << "10,000 devices, all active: " << used / (minutes * 60) * 100 << " % of a core\n";
#ifdef __OPTIMIZE__
    EXPECT_LE(used, 0.01 * minutes * 60);
#endif
}

} // namespace
} // namespace kmon::history
