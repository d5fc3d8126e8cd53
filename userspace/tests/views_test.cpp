// SPDX-License-Identifier: GPL-2.0-only
#include "modules/kstat.hpp"
#include "modules/l2packet_counter.hpp"
#include "modules/localhost_monitor.hpp"
#include "modules/netmon_proc.hpp"
#include "modules/process_monitor.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "fixture.hpp"
#include "json.hpp"

namespace kmon {
namespace {

using test::busy;

Lines text(std::string content) { return Lines::of_text("view", std::move(content)); }

// ---- captured views ----

TEST(Views, LocalhostPartsAddUpToTheTotal) {
    const auto view = read_localhost(busy("second"));
    ASSERT_TRUE(view) << view.error().what;
    EXPECT_EQ(view->version, "1.0.0");
    EXPECT_EQ(view->protocols.size(), 8U);
    EXPECT_EQ(view->sizes.size(), 5U);
    EXPECT_GT(view->packets, 2000U);
    EXPECT_GT(view->segments, view->packets);
    EXPECT_EQ(sum_of(view->protocols, &LocalhostView::Protocol::packets), view->packets);
    EXPECT_EQ(sum_of(view->protocols, &LocalhostView::Protocol::segments), view->segments);
    EXPECT_EQ(sum_of(view->protocols, &LocalhostView::Protocol::bytes), view->bytes);
    EXPECT_EQ(sum_of(view->sizes, &LocalhostView::Size::packets), view->packets);
    EXPECT_EQ(sum_of(view->sizes, &LocalhostView::Size::bytes), view->bytes);
    EXPECT_EQ(view->sizes.back().min, 1024U);
}

TEST(Views, L2LinesUntrackedAndEvictedAddUpToTheTotal) {
    const auto view = read_l2(busy("second"));
    ASSERT_TRUE(view) << view.error().what;
    ASSERT_EQ(view->interfaces.size(), 2U);
    const auto& veth = view->interfaces[0];
    EXPECT_EQ(veth.name, "veth0");
    EXPECT_FALSE(veth.waiting);
    EXPECT_EQ(veth.hook, "tracepoint");
    EXPECT_EQ(veth.macs.size(), 50U);
    EXPECT_EQ(veth.packets, 53920U);
    EXPECT_EQ(sum_of(veth.macs, &L2View::Mac::packets) + veth.untracked_packets + veth.evicted_packets, veth.packets);
    EXPECT_EQ(sum_of(veth.macs, &L2View::Mac::bytes) + veth.untracked_bytes + veth.evicted_bytes, veth.bytes);
    EXPECT_EQ(to_string(veth.macs[0].address), "52:54:00:12:34:56");
    EXPECT_EQ(veth.macs[0].packets, 36000U);
    EXPECT_EQ(view->interfaces[1].name, "br0");
    EXPECT_TRUE(view->interfaces[1].waiting);
    EXPECT_EQ(view->max_macs, 50U);
    EXPECT_EQ(view->reset_interval, 20U);
}

TEST(Views, KstatFamiliesAddUpToTheTotal) {
    const auto view = read_kstat(busy("second"));
    ASSERT_TRUE(view) << view.error().what;
    EXPECT_TRUE(view->running);
    EXPECT_EQ(view->counter, 10U);
    EXPECT_EQ(sum_of(view->families, &KstatView::Family::packets), view->packets);
    EXPECT_EQ(sum_of(view->families, &KstatView::Family::segments), view->segments);
    EXPECT_LT(view->packets - view->published, 10U);
}

TEST(Views, NetmonHasTheFiguresOfTheInterfaces) {
    const auto view = read_netmon(busy("second"));
    ASSERT_TRUE(view) << view.error().what;
    ASSERT_EQ(view->interfaces.size(), 2U);
    EXPECT_EQ(view->interfaces[0].name, "veth1");
    EXPECT_EQ(view->interfaces[0].tx_packets, 53920U);
    EXPECT_EQ(view->interfaces[1].rx_packets, 53920U);
}

TEST(Views, ProcessMonitorCountsEveryKindOfEnd) {
    const auto view = read_process(busy("second"));
    ASSERT_TRUE(view) << view.error().what;
    EXPECT_EQ(view->probe, "taskstats_exit");
    EXPECT_EQ(view->probe_by, "ftrace");
    EXPECT_TRUE(view->armed);
    EXPECT_GT(view->exits, view->nonzero_exits + view->killed_by_signal);
    EXPECT_GT(view->nonzero_exits, 0U);
    EXPECT_GT(view->killed_by_signal, 0U);
    EXPECT_GT(view->thread_exits, 0U);
    EXPECT_FALSE(view->log);
}

TEST(Views, ProcessMonitorFromBeforeAnUpgradeDoesNotTellHowItProbes) {
    const auto view = read_process(busy("first"));
    ASSERT_TRUE(view) << view.error().what;
    EXPECT_EQ(view->probe_by, "");
    EXPECT_TRUE(view->armed);
}

TEST(Views, CountersNeverGoDownBetweenTwoReadings) {
    const auto first = read_localhost(busy("first"));
    const auto second = read_localhost(busy("second"));
    ASSERT_TRUE(first && second);
    EXPECT_GT(second->packets, first->packets);
}

// ---- modules that are not loaded, or are being unloaded ----

TEST(Views, AMissingModuleIsNotRunning) {
    const test::TempTree tree;
    for (const auto& error :
         {read_localhost(tree.root()).error(), read_l2(tree.root()).error(), read_kstat(tree.root()).error(),
          read_netmon(tree.root()).error(), read_process(tree.root()).error()}) {
        EXPECT_EQ(error.code, ExitCode::not_running);
        EXPECT_NE(error.what.find("is not loaded"), std::string::npos) << error.what;
    }
}

// A pipe simulates the file of a module that is being unloaded: some data, then the end.
TEST(Views, AModuleThatGoesInMidLineIsAnError) {
    const test::TempTree tree;
    tree.write("proc/kstat/other", "");
    const auto pipe = tree.path() / "proc/kstat/stats.json";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    std::thread writer([&] { std::ofstream(pipe) << R"({"module":"kstat","version":"1.0.0","sche)"; });
    const auto view = read_kstat(tree.root());
    writer.join();
    ASSERT_FALSE(view);
    EXPECT_EQ(view.error().what, pipe.string() + ":1: the file ends in the middle of a line");
}

// The kernel refuses to read a directory, and a file whose module is gone.
TEST(Views, AReadErrorIsToldWithItsFile) {
    const test::TempTree tree;
    tree.write("proc/netmon/x", "");
    const auto view = read_netmon(tree.root());
    ASSERT_FALSE(view);
    EXPECT_NE(view.error().what.find("/proc/netmon"), std::string::npos) << view.error().what;
}

// ---- hostile text ----

std::string kstat_head() {
    return R"({"module":"kstat","version":"1.0.0","schema":1,"all_netns":0,"running":true,"counter":10,"published":0,"packets":0,"segments":0})";
}

std::string kstat_error(std::string content) {
    auto lines = text(std::move(content));
    const auto view = parse_kstat(lines);
    return view ? "no error" : view.error().what;
}

TEST(HostileViews, TheHeadAloneIsEnough) { EXPECT_EQ(kstat_error(kstat_head() + "\n"), "no error"); }

TEST(HostileViews, AreRefusedWithTheirLine) {
    EXPECT_EQ(kstat_error(""), "view:1: the file is empty");
    EXPECT_EQ(kstat_error("\n"), "view:1: not a JSON object");
    EXPECT_EQ(kstat_error("[1]\n"), "view:1: not a JSON object");
    EXPECT_EQ(kstat_error("nonsense\n"), "view:1: not a JSON object");
    EXPECT_EQ(kstat_error(kstat_head()), "view:1: the file ends in the middle of a line");
    EXPECT_EQ(kstat_error(kstat_head() + "\n{\"ip_version\":4,\"pack\n"), "view:2: not a JSON object");
    EXPECT_EQ(kstat_error(kstat_head() + "\n{}\n"), "view:2: \"ip_version\" is missing");
    EXPECT_EQ(kstat_error(kstat_head() + "\n{\"ip_version\":\"\xff\xfe\"}\n"), "view:2: not a JSON object");
    EXPECT_EQ(kstat_error(std::string(100, '[') + "\n"), "view:1: not a JSON object");
}

TEST(HostileViews, ALineOfAMegabyteIsRefusedAndNotKept) {
    const auto error = kstat_error(R"({"module":")" + std::string(1 << 20, 'x') + "\"}\n");
    EXPECT_EQ(error, "view:1: a line longer than 65536 bytes");
}

TEST(HostileViews, NestedBracketsDoNoHarm) {
    EXPECT_EQ(kstat_error(std::string(60000, '[') + "\n"), "view:1: not a JSON object");
    EXPECT_EQ(kstat_error("{\"module\":" + std::string(30000, '[') + std::string(30000, ']') + "}\n"),
              "view:1: \"module\" is not a string");
}

class WrongNumber : public testing::TestWithParam<const char*> {};

TEST_P(WrongNumber, IsRefused) {
    const std::string line = std::string(R"({"ip_version":4,"packets":)") + GetParam() + ",\"segments\":0}\n";
    EXPECT_EQ(kstat_error(kstat_head() + "\n" + line), "view:2: \"packets\" is not a whole number from 0 to 2^64-1");
}

INSTANTIATE_TEST_SUITE_P(Views, WrongNumber,
                         testing::Values("-1", "1.5", "\"7\"", "null", "true", "1e3", "18446744073709551616", "[]",
                                         "{}"));

TEST(HostileViews, TheLargestNumberIsKept) {
    auto lines = text(kstat_head() + "\n{\"ip_version\":4,\"packets\":18446744073709551615,\"segments\":0}\n");
    const auto view = parse_kstat(lines);
    ASSERT_TRUE(view) << view.error().what;
    EXPECT_EQ(view->families[0].packets, 18446744073709551615U);
}

TEST(HostileViews, AnotherModulesViewIsRefused) {
    auto lines = text(kstat_head() + "\n");
    const auto view = parse_process(lines);
    ASSERT_FALSE(view);
    EXPECT_EQ(view.error().what, "view:1: this is the view of \"kstat\", not of process_monitor");
}

TEST(HostileViews, ANewerSchemaIsRefusedWithItsCure) {
    auto lines = text("{\"module\":\"kstat\",\"version\":\"9.0.0\",\"schema\":2}\n");
    const auto view = parse_kstat(lines);
    ASSERT_FALSE(view);
    EXPECT_EQ(view.error().what, "view:1: kstat 9.0.0 writes schema 2, this kmon reads schema 1");
    EXPECT_FALSE(view.error().hint.empty());
}

TEST(HostileViews, KeysOfALaterVersionAreLetBe) {
    auto head = kstat_head();
    head.insert(head.size() - 1, R"(,"new":[1,{"x":null}])");
    EXPECT_EQ(kstat_error(head + "\n"), "no error");
}

std::string l2_head() {
    return R"({"module":"l2packet_counter","version":"1.0.0","schema":1,"hook":"auto","reset_interval":20,"max_macs":65536})"
           "\n";
}

std::string l2_interface(int macs) {
    return R"({"interface":"eth0","waiting":false,"hook":"tracepoint","macs":)" + std::to_string(macs) +
           R"(,"packets":1,"bytes":60,"untracked_packets":0,"untracked_bytes":0,"evicted_packets":0,"evicted_bytes":0,"skipped_packets":0})"
           "\n";
}

std::string l2_mac(const std::string& mac) {
    return R"({"interface":"eth0","mac":")" + mac +
           R"(","packets":1,"bytes":60,"first_seen":1,"last_seen":2})"
           "\n";
}

std::string l2_error(const std::string& rest) {
    auto lines = text(l2_head() + rest);
    const auto view = parse_l2(lines);
    return view ? "no error" : view.error().what;
}

TEST(HostileViews, MacLinesThatAreMissingAreMissed) {
    const auto mac = l2_mac("02:00:00:00:00:01");
    EXPECT_EQ(l2_error(l2_interface(1) + mac), "no error");
    EXPECT_EQ(l2_error(l2_interface(2) + mac), "view:4: 1 lines of MAC addresses are missing here");
    EXPECT_EQ(l2_error(l2_interface(1) + l2_interface(0)), "view:3: 1 lines of MAC addresses are missing here");
    EXPECT_EQ(l2_error(l2_interface(0) + mac), "view:3: \"waiting\" is missing");
}

std::string l2_with_sent() {
    return R"({"module":"l2packet_counter","version":"1.0.0","schema":1,"hook":"auto","reset_interval":20,"max_macs":5,"direction":"both"}
{"interface":"eth0","waiting":false,"hook":"tracepoint","macs":2,"packets":7,"bytes":700,"untracked_packets":0,"untracked_bytes":0,"evicted_packets":0,"evicted_bytes":0,"skipped_packets":0,"tx_packets":110,"tx_bytes":11000,"tx_untracked_packets":3,"tx_untracked_bytes":300,"tx_evicted_packets":2,"tx_evicted_bytes":200,"tx_group_packets":4,"tx_group_bytes":400}
{"interface":"eth0","mac":"02:00:00:00:00:01","packets":7,"bytes":700,"tx_packets":5,"tx_bytes":500,"first_seen":1,"last_seen":2}
{"interface":"eth0","mac":"02:00:00:00:00:02","packets":0,"bytes":0,"tx_packets":100,"tx_bytes":10000,"first_seen":1,"last_seen":2}
)";
}

TEST(Views, L2FramesThatWereSent) {
    auto lines = text(l2_with_sent());
    const auto view = parse_l2(lines);
    ASSERT_TRUE(view) << view.error().what;
    EXPECT_EQ(view->direction, "both");
    const auto& eth = view->interfaces.at(0);
    EXPECT_TRUE(eth.counts_sent);
    EXPECT_EQ(eth.tx_packets, 110U);
    EXPECT_EQ(sum_of(eth.macs, &L2View::Mac::tx_packets) + eth.tx_untracked_packets + eth.tx_evicted_packets, 110U);
    EXPECT_EQ(sum_of(eth.macs, &L2View::Mac::tx_bytes) + eth.tx_untracked_bytes + eth.tx_evicted_bytes, 11000U);
    EXPECT_EQ(eth.tx_group_packets, 4U);
    EXPECT_EQ(eth.tx_group_bytes, 400U);
    EXPECT_EQ(view->settings(), "on eth0, both directions; text view resets every 20 s");

    const auto json = view->json()["interfaces"][0];
    EXPECT_EQ(json["tx_group_packets"], 4U);
    EXPECT_EQ(json["macs"][1]["mac"], "02:00:00:00:00:02");
    EXPECT_EQ(json["macs"][1]["packets"], 0U);
    EXPECT_EQ(json["macs"][1]["tx_bytes"], 10000U);
    EXPECT_EQ(view->json(1)["interfaces"][0]["macs"][0]["mac"], "02:00:00:00:00:02")
        << "the busiest of both directions";
    EXPECT_FALSE(read_l2(busy("second"))->json()["interfaces"][0].contains("tx_packets"));
}

TEST(Views, L2PageHasColumnsForSentFramesWhereTheyAreCounted) {
    auto lines = text(l2_with_sent());
    const auto view = parse_l2(lines);
    ASSERT_TRUE(view) << view.error().what;
    std::ostringstream page;
    print(page, view->page({}), false);
    EXPECT_NE(page.str().find("sent bytes"), std::string::npos) << page.str();
    EXPECT_NE(page.str().find("11,400"), std::string::npos) << page.str(); // those to groups, too
    std::ostringstream received;
    print(received, read_l2(busy("second"))->page({}), false);
    EXPECT_EQ(received.str().find("sent"), std::string::npos) << received.str();
}

TEST(HostileViews, SentFramesAreToldWholeOrNotAtAll) {
    auto whole = l2_with_sent();
    const std::string part = R"("tx_evicted_bytes":200,)";
    whole.erase(whole.find(part), part.size());
    auto lines = text(whole);
    const auto view = parse_l2(lines);
    ASSERT_FALSE(view);
    EXPECT_EQ(view.error().what, "view:2: \"tx_evicted_bytes\" is missing");
    const std::string line = R"(,"tx_bytes":500)";
    auto half = l2_with_sent();
    half.erase(half.find(line), line.size());
    auto half_lines = text(half);
    EXPECT_EQ(parse_l2(half_lines).error().what, "view:3: \"tx_bytes\" is missing");
}

TEST(HostileViews, AMacAddressIsOne) {
    for (const auto* bad :
         {"", "02:00:00:00:00", "02:00:00:00:00:0g", "02-00-00-00-00-01", "02:00:00:00:00:01:", "0200:00:00:00:01:"})
        EXPECT_EQ(l2_error(l2_interface(1) + l2_mac(bad)), "view:3: \"mac\" is not a MAC address") << bad;
}

TEST(HostileViews, AnInterfaceThatIsNotThereIsNoError) {
    auto lines = text("{\"interface\":\"eth9\",\"error\":\"not found\"}\n");
    const auto view = parse_netmon(lines);
    ASSERT_TRUE(view) << view.error().what;
    EXPECT_EQ(view->interfaces[0].error, "not found");
}

// ---- JSON ----

TEST(ViewJson, HasTheTotalsAndTheLines) {
    const auto view = read_l2(busy("second"));
    ASSERT_TRUE(view);
    const auto json = view->json();
    EXPECT_EQ(json["interfaces"][0]["packets"], 53920U);
    EXPECT_EQ(json["interfaces"][0]["macs"].size(), 50U);
    EXPECT_EQ(Json::parse(to_text(json)), json);
}

TEST(ViewJson, NamesThatAreNoUtf8DoNotThrow) {
    NetmonView view;
    view.interfaces.emplace_back().name = "eth\xff\n\"";
    EXPECT_NE(to_text(view.json()).find("\"eth\xef\xbf\xbd\\n\\\"\""), std::string::npos) << to_text(view.json());
}

} // namespace
} // namespace kmon
