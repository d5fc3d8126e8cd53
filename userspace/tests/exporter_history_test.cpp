// SPDX-License-Identifier: GPL-2.0-only
// /api/v1/history: the same as `kmonctl history --json`, limited in time and size, with clear errors.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "exporter/history.hpp"
#include "exporter/users.hpp"
#include "fixture.hpp"
#include "history/question.hpp"
#include "history_world.hpp"
#include "json.hpp"
#include "kmonctl/cli.hpp"
#include "recorded_history.hpp"

namespace kmon::exporter {
namespace {

using namespace std::chrono_literals;
using test::nas;
using test::phone;
using test::start;

constexpr std::time_t now = start + 3 * 3600;

class ExporterHistory : public testing::Test {
protected:
    ExporterHistory() { test::record_three_hours(tree); }

    Answer get(const Arguments& arguments) const { return answer_history(arguments, tree.root(), now); }

    Json json(const Arguments& arguments) const {
        const auto answer = get(arguments);
        EXPECT_EQ(answer.status, 200U) << *answer.body;
        EXPECT_STREQ(answer.type, "application/json");
        return Json::parse(*answer.body);
    }

    Json of_kmonctl(std::vector<const char*> arguments) const {
        std::ostringstream out;
        std::ostringstream err;
        cli::Context context(out, err);
        context.root = tree.root();
        context.now = [] { return now; };
        arguments.insert(arguments.begin(), {"kmonctl", "history", "--json"});
        EXPECT_EQ(cli::run(context, static_cast<int>(arguments.size()), arguments.data()), ExitCode::ok) << err.str();
        return Json::parse(out.str());
    }

    std::filesystem::path file() const { return tree.path() / "var/lib/kmon/history.db"; }

    test::TempTree tree;
    test::Zone zone{"UTC"};
};

TEST_F(ExporterHistory, SaysWhatKmonctlSays) {
    EXPECT_EQ(json({}), of_kmonctl({}));
    EXPECT_EQ(json({{"what", "interfaces"}, {"last", "1h"}}), of_kmonctl({"interfaces", "--last", "1h"}));
    EXPECT_EQ(json({{"what", "exits"}, {"by", "hour"}}), of_kmonctl({"exits", "--by", "hour"}));
    EXPECT_EQ(json({{"from", "08:30"}, {"to", "09:30"}, {"by", "5min"}}),
              of_kmonctl({"--from", "08:30", "--to", "09:30", "--by", "5min"}));
    EXPECT_EQ(json({{"top", "1"}, {"by", "day"}}), of_kmonctl({"--top", "1", "--by", "day"}));
    EXPECT_EQ(json({{"device", "nas"}, {"by", "interval"}, {"last", "10m"}}),
              of_kmonctl({"--device", "nas", "--by", "interval", "--last", "10m"}));
}

TEST_F(ExporterHistory, HasTheNumbersThatWereCounted) {
    const auto all = json({{"last", "3h"}});
    EXPECT_EQ(all["table"], "devices");
    EXPECT_EQ(all["total"]["sent_bytes"], 1'152'000);
    EXPECT_EQ(all["lines"][0]["name"], "nas");
    EXPECT_EQ(all["lines"][1]["mac"], phone);
    EXPECT_FALSE(all.contains("periods"));
    // Without the lines, the totals are the same.
    const auto sums = json({{"last", "3h"}, {"top", "0"}, {"by", "hour"}});
    EXPECT_EQ(sums["lines"].size(), 0U);
    EXPECT_EQ(sums["left_out"], 2);
    ASSERT_EQ(sums["periods"].size(), 3U);
    EXPECT_EQ(sums["periods"][0]["total"]["sent_bytes"], 396'000);
    EXPECT_EQ(sums["periods"][1]["total"]["sent_bytes"], 360'000);
    const auto fine = json({{"from", "10:59"}, {"to", "11:00"}, {"by", "interval"}, {"device", phone}});
    ASSERT_EQ(fine["periods"].size(), 6U);
    for (std::size_t i = 0; i < 6; ++i) {
        EXPECT_EQ(fine["periods"][i]["from"], now - 60 + 10 * static_cast<std::int64_t>(i));
        EXPECT_EQ(fine["periods"][i]["total"]["sent_bytes"], 100);
        ASSERT_EQ(fine["periods"][i]["lines"].size(), 1U);
        EXPECT_EQ(fine["periods"][i]["lines"][0]["mac"], phone);
    }
    // A table may count more than is in its lines.
    const auto exits = json({{"what", "exits"}, {"by", "hour"}, {"top", "1"}, {"last", "3h"}});
    EXPECT_EQ(exits["lines"][0], (Json{{"reason", "code 0"}, {"exits", 1080 * 3}}));
    EXPECT_EQ(exits["periods"][0]["lines"][0]["exits"], 360 * 3);
    EXPECT_EQ(exits["periods"][0]["total"]["exits"], 360 * 4);
    const auto failed = json({{"what", "exits"}, {"by", "hour"}, {"device", "code"}, {"last", "3h"}});
    EXPECT_EQ(failed["total"]["exits"], 1080);
    EXPECT_EQ(failed["periods"][2]["total"]["exits"], 360);
    const auto nobody = json({{"device", "fridge"}});
    EXPECT_EQ(nobody["lines"].size(), 0U);
    EXPECT_EQ(nobody["total"]["sent_bytes"], 0);
}

TEST_F(ExporterHistory, WhatIsAskedWronglyIsToldInWords) {
    const std::vector<std::pair<Arguments, std::string>> wrong = {
        {{{"what", "nonsense"}}, "there is no table 'nonsense'\nloopback, devices, tcp, interfaces, exits\n"},
        {{{"by", "week"}}, "'week' is not a period\ninterval, 5min, hour, day, month\n"},
        {{{"last", "soon"}}, "'soon' is not a span of time\n15m, 24h, 7d\n"},
        {{{"last", "1h"}, {"from", "08:00"}}, "'last' cannot be combined with 'from' or 'to'\n"},
        {{{"from", "10:00"}, {"to", "09:00"}}, "the time ends before it begins\n"},
        {{{"top", "-1"}}, "top must be a number, not '-1'\n"},
        {{{"top", ""}}, "top must be a number, not ''\n"},
        {{{"lasst", "1h"}}, "unknown argument 'lasst'\nwhat, last, from, to, by, top, device\n"},
    };
    for (const auto& one : wrong) {
        const auto answer = get(one.first);
        EXPECT_EQ(answer.status, 400U);
        EXPECT_EQ(*answer.body, one.second);
    }
    const auto hostile = get({{"from", std::string("\x1b[2J\0<b>", 8)}});
    EXPECT_EQ(hostile.status, 400U);
    EXPECT_EQ(hostile.body->find('\x1b'), std::string::npos) << "a terminal may show it";
}

TEST_F(ExporterHistory, NoHistoryIsToldWithItsCure) {
    std::filesystem::remove_all(tree.path() / "var/lib/kmon");
    const auto answer = get({});
    EXPECT_EQ(answer.status, 404U);
    EXPECT_EQ(*answer.body, "there is no history: kmon-recorder has not run\nsystemctl enable --now kmon-recorder\n");
}

TEST_F(ExporterHistory, ADamagedOneIsToldWithItsCure) {
    const auto content = tree.read("var/lib/kmon/history.db");
    for (const auto& damaged : {std::string(4096, 'x'), content.substr(0, 3000),
                                content.substr(0, 1024) + std::string(content.size() - 1024, '\xa5')}) {
        tree.write("var/lib/kmon/history.db", damaged);
        const auto answer = get({});
        EXPECT_EQ(answer.status, 500U) << *answer.body;
        EXPECT_NE(answer.body->find("history.db"), std::string::npos) << *answer.body;
        EXPECT_NE(answer.body->find("systemctl restart kmon-recorder"), std::string::npos) << *answer.body;
    }
}

TEST_F(ExporterHistory, ALockedOneIsNotWaitedForLong) {
    auto other = history::Database::open(file(), history::Database::Mode::write);
    ASSERT_TRUE(other);
    ASSERT_TRUE(other->run("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; UPDATE tier SET rolled_up = 0;"));
    const auto begin = std::chrono::steady_clock::now();
    const auto answer = get({});
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 4s);
    EXPECT_EQ(answer.status, 503U) << *answer.body;
    EXPECT_NE(answer.body->find("try again"), std::string::npos) << *answer.body;
}

TEST_F(ExporterHistory, IsBoundedInTime) {
    auto opened = history::History::open(file(), 0ms);
    ASSERT_TRUE(opened) << opened.error().what;
    const auto question = history::question_of({}, {}, now);
    ASSERT_TRUE(question);
    const auto answer = history::ask(*opened, *question);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().system, ETIMEDOUT);
}

TEST_F(ExporterHistory, IsBoundedInSize) {
    auto opened = history::History::open(file());
    ASSERT_TRUE(opened);
    auto question = history::question_of(
        {.table = "devices", .time = {.last = "10m", .from = "", .to = ""}, .by = "interval", .device = "", .top = {}},
        {}, now);
    ASSERT_TRUE(question);
    question->most_lines = 60 * 3; // sixty times two devices and their sum
    EXPECT_TRUE(history::ask(*opened, *question));
    --question->most_lines;
    const auto answer = history::ask(*opened, *question);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ExitCode::usage);
    EXPECT_EQ(answer.error().what, "the answer may have more than 179 lines");
    question->by = history::By::all;
    question->most_lines = 1;
    EXPECT_FALSE(history::ask(*opened, *question));
}

// As the others: by GET and HEAD alone, and with a password where there is one.
TEST_F(ExporterHistory, HasAPathOfItsOwn) {
    Readings readings(tree.root(), 3);
    Users users;
    const auto ask = [&](const std::string& method) {
        const auto answer = answer_to(
            {method, "/api/v1/history", {{"from", "@1800000000"}, {"to", "@1800003600"}}, "", ""}, readings, users);
        return answer.later ? answer.later() : answer; // in another thread: see ExporterServer
    };
    EXPECT_EQ(Json::parse(*ask("GET").body)["total"]["sent_bytes"], 396'000);
    EXPECT_EQ(ask("HEAD").status, 200U);
    EXPECT_EQ(ask("POST").status, 405U);
    EXPECT_EQ(readings.taken(), 0U) << "the modules are not read for it";
}

// For tests/page, which shows it: KMON_KEEP_HISTORY=DIRECTORY kmon_tests --gtest_filter=RecordedHistory.*
TEST(RecordedHistory, IsKeptWhereSomebodyWantsIt) {
    const char* directory = std::getenv("KMON_KEEP_HISTORY");
    if (directory == nullptr) GTEST_SKIP() << "nobody wants it";
    const test::TempTree tree;
    test::record_three_hours(tree, std::time(nullptr) / 10 * 10 - 3 * 3600);
    std::filesystem::copy(tree.path(), directory, std::filesystem::copy_options::recursive);
}

} // namespace
} // namespace kmon::exporter
