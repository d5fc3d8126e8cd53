// SPDX-License-Identifier: GPL-2.0-only
// kmon-recorder's settings and schedule.
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "config.hpp"
#include "fixture.hpp"
#include "history/history.hpp"
#include "history/reading.hpp"
#include "modules/module_table.hpp"
#include "recorder/schedule.hpp"
#include "recorder/settings.hpp"
#include "recorder_keys.hpp"

namespace kmon::recorder {
namespace {

constexpr std::int64_t day = 86400;

TEST(RecorderSettings, OfTheDefaults) {
    const auto settings = recorder_settings(Config());
    EXPECT_EQ(settings.limits.interval, 10);
    EXPECT_EQ(settings.limits.keep, (std::array<std::int64_t, 4>{day, 30 * day, 730 * day, history::for_ever}));
    EXPECT_EQ(settings.limits.max_size, 64U << 20U);
    EXPECT_TRUE(settings.limits.durable);
    EXPECT_EQ(settings.write_interval, 60'000);
    EXPECT_FALSE(settings.in_memory);
}

TEST(RecorderSettings, OfAFile) {
    const test::TempTree tree;
    tree.write("etc/kmon.toml",
               "[recorder]\ninterval = \"1m\"\nwrite_interval = 600\nkeep_finest = \"2d\"\nkeep_days = \"10y\"\n"
               "max_size = \"1G\"\nstorage = \"memory\"\nsave_interval = \"6h\"\n");
    const auto config = load_config(tree.root());
    ASSERT_TRUE(config) << config.error().what;
    const auto settings = recorder_settings(*config);
    EXPECT_EQ(settings.limits.interval, 60);
    EXPECT_EQ(settings.write_interval, 600'000);
    EXPECT_EQ(settings.limits.keep[0], 2 * day);
    EXPECT_EQ(settings.limits.keep[3], 3650 * day);
    EXPECT_EQ(settings.limits.max_size, std::uint64_t{1} << 30U);
    EXPECT_TRUE(settings.in_memory);
    EXPECT_FALSE(settings.limits.durable);
    EXPECT_EQ(settings.save_interval, 6 * 3600 * 1000);
}

TEST(RecorderSettings, WhatIsWrongIsToldWithItsPlace) {
    const test::TempTree tree;
    tree.write("etc/kmon.toml",
               "[recorder]\ninterval = \"7s\"\nmax_size = \"10k\"\nkeep_hours = \"long\"\nwrite_interval = 0\n");
    const auto reading = read_config(tree.root());
    ASSERT_EQ(reading.problems.size(), 4U);
    EXPECT_NE(reading.problems[0].text().find(
                  ":2:12: recorder.interval: \"7s\" is not a valid value; allowed: \"10s\", \"1s\""),
              std::string::npos)
        << reading.problems[0].text();
    EXPECT_NE(reading.problems[1].text().find("\"10k\" is too small; allowed: \"64M\""), std::string::npos)
        << reading.problems[1].text();
    EXPECT_NE(reading.problems[2].text().find("\"long\" is not a duration; allowed: \"12h\""), std::string::npos);
    EXPECT_NE(reading.problems[3].text().find("0 is too small"), std::string::npos);
}

// The packaged file has the defaults. The manual page describes every key.
TEST(RecorderSettings, AreInTheManualAndInThePackagedFile) {
    const auto text = [](const char* name) {
        std::ifstream file(std::string(KMON_SOURCE) + "/userspace/" + name);
        std::ostringstream content;
        content << file.rdbuf();
        return content.str();
    };
    const auto manual = text("man/kmon.toml.5.scd");
    const auto packaged = text("kmon.toml");
    for (const auto& key : recorder_keys()) {
        EXPECT_NE(manual.find("\n*" + key.name + "* = "), std::string::npos) << key.name;
        EXPECT_NE(packaged.find("\n" + key.name + " = "), std::string::npos) << key.name;
    }
    const auto reading = read_config_file(std::string(KMON_SOURCE) + "/userspace/kmon.toml");
    EXPECT_TRUE(reading.problems.empty());
    EXPECT_EQ(recorder_settings(reading.config).limits.keep, recorder_settings(Config()).limits.keep);
    EXPECT_EQ(recorder_settings(reading.config).write_interval, recorder_settings(Config()).write_interval);
}

TEST(RecorderSchedule, ReadingsComeAtFullMultiplesOfTheInterval) {
    EXPECT_EQ(until_next(1'800'000'000'000, 10'000), 10'000);
    EXPECT_EQ(until_next(1'800'000'000'001, 10'000), 9'999);
    EXPECT_EQ(until_next(1'800'000'009'999, 10'000), 1);
    EXPECT_FALSE(is_due(50'000, 0, 60'000, 10'000));
    EXPECT_TRUE(is_due(59'990, 0, 60'000, 10'000));
    EXPECT_FALSE(is_due(1'000'000, 0, 0, 10'000)); // never
}

// For each module, the tables that its description records, with the fixtures of a busy machine.
TEST(RecorderReading, EveryModuleIsRecordedAsItsDescriptionSays) {
    const test::TempTree tree;
    const auto root = test::busy("first");
    history::Limits limits;
    limits.durable = false;
    std::vector<std::string> warnings;
    history::Recording recording(tree.path() / "history.db", limits,
                                 {[&](const auto& what) { warnings.push_back(what); }, [](const auto&) {}});
    history::Moment moment = {"boot", 1'000'000, 1'800'000'000'000};
    recording.take(moment, history::as_taken(history::read_modules(root, moment.boot)));
    moment.uptime += 10'000;
    moment.time += 10'000;
    const auto later = test::busy("second");
    auto readings = history::read_modules(later, moment.boot);
    for (auto& reading : readings) // the fixtures are in two directories
        reading.instance.module =
            history::read_modules(root, moment.boot)[static_cast<std::size_t>(&reading - readings.data())]
                .instance.module;
    recording.take(moment, history::as_taken(readings));
    ASSERT_TRUE(recording.flush(moment));
    EXPECT_TRUE(warnings.empty());
    auto history = history::History::open(tree.path() / "history.db");
    ASSERT_TRUE(history) << history.error().what;
    std::set<std::string> recorded;
    const auto subjects = history->subjects();
    ASSERT_TRUE(subjects);
    for (const auto& subject : *subjects)
        for (const auto& figure : subject.figures)
            recorded.insert(figure);
    for (const auto& module : modules())
        for (const auto& family : module.metrics) {
            if (!family.recorded) continue;
            auto name = family.kind == Family::Kind::gauge ? "=" + family.name : family.name;
            if (family.kind == Family::Kind::histogram) name += "_sum";
            const auto view = module.read(later);
            if (family.samples(**view, View::all).empty()) continue;
            EXPECT_TRUE(recorded.contains(name)) << name;
        }
}

} // namespace
} // namespace kmon::recorder
