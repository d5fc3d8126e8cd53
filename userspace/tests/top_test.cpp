// SPDX-License-Identifier: GPL-2.0-only
#include "kmonctl/top_page.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "fixture.hpp"
#include "format.hpp"
#include "modules/localhost_monitor.hpp"

namespace kmon::cli {
namespace {

std::string text_of(const Page& page) {
    std::string text;
    for (const auto& line : page)
        text += line.text() + "\n";
    return text;
}

TopLook look(std::size_t rows, std::size_t columns) {
    TopLook look;
    look.rows = rows;
    look.columns = columns;
    look.host = "host";
    look.time = "12:00:00";
    look.interval = "1 s";
    look.keys = {"q quit"};
    return look;
}

// Two readings ten seconds apart.
TopModel busy_model() {
    TopModel model;
    model.take(take_snapshot(test::busy("first")), 0);
    model.take(take_snapshot(test::busy("second")), 10);
    return model;
}

TEST(TopRate, IsTheGrowthASecond) {
    Rate rate;
    rate.take(100, 0);
    EXPECT_FALSE(rate.known());
    rate.take(150, 2);
    EXPECT_EQ(rate.now(), 25);
    rate.take(150, 1);
    EXPECT_EQ(rate.now(), 0);
    EXPECT_EQ(rate.peak(), 25);
}

TEST(TopRate, AModuleThatWasLoadedAnewIsNoRate) {
    Rate rate;
    rate.take(100, 0);
    rate.take(3, 1);
    EXPECT_FALSE(rate.known());
    rate.take(13, 1);
    EXPECT_EQ(rate.now(), 10);
    rate.lose();
    rate.take(1000, 1);
    EXPECT_FALSE(rate.known());
}

TEST(TopModel, HasTheRatesOfEveryModule) {
    const auto model = busy_model();
    const auto first = *read_localhost(test::busy("first"));
    const auto second = *read_localhost(test::busy("second"));
    EXPECT_DOUBLE_EQ(model.rate_of("localhost_monitor", "packets")->now(),
                     static_cast<double>(second.packets - first.packets) / 10);
    EXPECT_DOUBLE_EQ(model.rate_of("l2packet_counter", "frames")->now(), 4044);
    EXPECT_GT(model.rate_of("kstat", "packets")->now(), 0);
    EXPECT_DOUBLE_EQ(model.rate_of("netmon_proc", "rx bytes")->now(), model.rate_of("netmon_proc", "tx bytes")->now());
    EXPECT_GT(model.rate_of("process_monitor", "exits")->now(), model.rate_of("process_monitor", "failed")->now());
    ASSERT_FALSE(model.macs.empty());
    EXPECT_EQ(to_string(model.macs[0].address), "52:54:00:12:34:56");
    EXPECT_DOUBLE_EQ(model.macs[0].frames, 2700);
    EXPECT_EQ(model.interfaces.size(), 2U);
}

TEST(TopModel, TheLatestExitsComeFirst) {
    TopModel model;
    std::vector<ExitRecord> exits(300);
    for (int i = 0; i < 300; ++i)
        exits[static_cast<std::size_t>(i)].tgid = i;
    model.take(exits);
    EXPECT_EQ(model.latest_exits.size(), 200U);
    EXPECT_EQ(model.latest_exits.front().tgid, 299);
}

class TopPage : public testing::TestWithParam<std::pair<std::size_t, std::size_t>> {};

TEST_P(TopPage, FillsTheScreenAndNoMore) {
    const auto [rows, columns] = GetParam();
    auto model = busy_model();
    ExitRecord record;
    record.name = "a-very-long-\033name";
    record.tgid = 4194304;
    record.status = 139;
    model.take(std::vector<ExitRecord>(100, record));
    const auto page = top_page(model, look(rows, columns));
    EXPECT_EQ(page.size(), rows);
    for (const auto& line : page)
        EXPECT_LE(line.columns(), columns) << line.text();
    EXPECT_EQ(text_of(page).find('\033'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Sizes, TopPage,
                         testing::Values(std::pair(24, 80), std::pair(25, 81), std::pair(50, 200), std::pair(24, 159),
                                         std::pair(24, 160), std::pair(100, 400), std::pair(23, 80), std::pair(24, 79),
                                         std::pair(1, 1)));

TEST(TopPageText, ShowsEveryModuleAtTheSmallestSize) {
    const auto text = text_of(top_page(busy_model(), look(24, 80)));
    for (const auto* part : {"localhost_monitor", "l2packet_counter", "kstat", "netmon_proc", "process_monitor",
                             "4.04k/s", "52:54:00:12:34:56", "LATEST EXITS", "q quit"})
        EXPECT_NE(text.find(part), std::string::npos) << part << '\n' << text;
}

TEST(TopPageText, AModuleThatIsNotThereSaysSo) {
    const test::BusyCopy tree;
    tree.remove("proc/kstat");
    TopModel model;
    model.take(take_snapshot(test::root_of(tree.path())), 0);
    model.exits_missing = "only root sees them";
    const auto text = text_of(top_page(model, look(24, 80)));
    EXPECT_NE(text.find("kstat              not loaded"), std::string::npos) << text;
    EXPECT_NE(text.find("only root sees them"), std::string::npos);
}

TEST(TopPageText, ASmallTerminalHasTheRatesAlone) {
    const auto text = text_of(top_page(busy_model(), look(15, 40)));
    for (const auto* part : {"localhost_monitor packets", "l2packet_counter  frames       4.04k/s", "kstat", "exits"})
        EXPECT_NE(text.find(part), std::string::npos) << part << '\n' << text;
    EXPECT_EQ(text.find("LATEST EXITS"), std::string::npos);
}

TEST(TopPageText, InterfacesTakeThePlaceOfTheAddressesWhereAskedFor) {
    auto narrow = look(24, 80);
    EXPECT_EQ(text_of(top_page(busy_model(), narrow)).find("INTERFACES"), std::string::npos);
    narrow.interfaces = true;
    const auto text = text_of(top_page(busy_model(), narrow));
    EXPECT_NE(text.find("INTERFACES"), std::string::npos);
    EXPECT_EQ(text.find("TOP MACS"), std::string::npos);
}

TEST(TopPageText, AFilterLeavesWhatHasItInItsName) {
    auto model = busy_model();
    model.names.emplace(*parse_any_mac("52:54:00:12:34:56"), "the Router");
    ExitRecord record;
    record.name = "router-check";
    record.tgid = 11;
    ExitRecord other = record;
    other.name = "cc1";
    model.take({record, other});
    auto filtered = look(24, 80);
    filtered.filter = "ROUTER";
    const auto text = text_of(top_page(model, filtered));
    for (const auto* part : {"the Router", "router-che", "filter: ROUTER   q quit"})
        EXPECT_NE(text.find(part), std::string::npos) << part << '\n' << text;
    EXPECT_EQ(text.find("cc1"), std::string::npos) << text;
    EXPECT_EQ(text.find("02:"), std::string::npos) << "other addresses\n" << text;
    filtered.filter = "52:54";
    EXPECT_NE(text_of(top_page(model, filtered)).find("the Router"), std::string::npos) << "by its address, too";
    filtered.interfaces = true;
    filtered.filter = "veth1";
    const auto links = text_of(top_page(model, filtered));
    EXPECT_NE(links.find("veth1"), std::string::npos) << links;
    EXPECT_EQ(links.find("veth0"), std::string::npos) << links;
    filtered.filter = "nobody";
    filtered.typing = true;
    const auto none = text_of(top_page(model, filtered));
    EXPECT_NE(none.find("none match the filter"), std::string::npos) << none;
    EXPECT_NE(none.find("filter: nobody_"), std::string::npos) << none;
}

TEST(TopPageText, OfTheKeysThoseThatFitAreNamed) {
    auto keys = look(24, 80);
    keys.keys = {"paused: p continue", "+ faster", "/ filter", "? help", "q quit"};
    const auto last = [&](std::size_t rows, std::size_t columns) {
        keys.rows = rows;
        keys.columns = columns;
        return top_page(busy_model(), keys).back().text();
    };
    EXPECT_EQ(last(24, 80), "paused: p continue   + faster   / filter   ? help   q quit");
    EXPECT_EQ(last(15, 40), "paused: p continue   ? help   q quit");
    EXPECT_EQ(last(15, 20), "? help   q quit");
}

TEST(TopModel, IsSortedAgainWhenItIsToldTo) {
    auto model = busy_model();
    const auto sorted = [&](auto rate) { return std::ranges::is_sorted(model.macs, std::greater(), rate); };
    EXPECT_TRUE(sorted(&MacRate::frames));
    model.sort(true);
    EXPECT_TRUE(sorted(&MacRate::bytes));
}

TEST(TopPageText, HelpNamesEveryKeyOfTheManual) {
    auto helped = look(24, 80);
    helped.help = true;
    const auto text = text_of(top_page(busy_model(), helped));
    for (const auto* key : {"p ", "+ -", "s ", "i ", "/ ", "? ", "q "})
        EXPECT_NE(text.find(std::string("  ") + key), std::string::npos) << text;
}

// Received frames without a receiver are dropped: most belong to protocols that this host does not speak.
TEST(TopModel, WhatWasDroppedOnReceptionIsNoFault) {
    const test::BusyCopy tree;
    const auto root = test::root_of(tree.path());
    const auto faults = [&] {
        TopModel model;
        model.take(take_snapshot(root), 0);
        return model.interfaces.at(0).faults;
    };
    const auto before = faults();
    const auto view = *read_netmon(root);
    const auto dropped = [](std::uint64_t n) { return R"("rx_dropped":)" + std::to_string(n); };
    tree.replace("proc/netmon", dropped(view.interfaces.at(0).rx_dropped), dropped(77));
    EXPECT_EQ(faults(), before);
}

} // namespace
} // namespace kmon::cli
