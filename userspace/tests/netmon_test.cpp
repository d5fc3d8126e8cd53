// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

#include "in_netns.hpp"
#include "netmon/configured_interface.hpp"
#include "netmon/options.hpp"
#include "netmon/reading.hpp"
#include "netmon/run_program.hpp"
#include "netmon/selection.hpp"
#include "temp_tree.hpp"

namespace {

using kmon::ExitCode;
using kmon::Link;
using kmon::test::in_netns;
using kmon::test::ip;
using kmon::test::TempTree;

TEST(Netmon, a_line_to_the_letter) {
    const Link link{2, "eth0", false, {1, 2, 3, 4, 5, 6, 7, 8}, {}};
    EXPECT_EQ(netmon::json_line(link, "1700000000", nullptr, std::nullopt),
              R"({"interface":"eth0","timestamp":1700000000,"rx_bytes":1,"tx_bytes":2,"rx_packets":3,"tx_packets":4,)"
              R"("rx_errors":5,"tx_errors":6,"rx_dropped":7,"tx_dropped":8})"
              "\n");
}

TEST(Netmon, rates_are_a_second_and_null_where_unknown) {
    const Link before{2, "e", false, {1000, 0, 10, 9, 0, 0, 0, 0}, {}};
    const Link now{2, "e", false, {4000, 0, 11, 8, 0, 0, 0, 0}, {}};
    const auto line = netmon::json_line(now, "1", &before, 2.0);
    EXPECT_NE(line.find(R"("rx_bytes_per_second":1500.0,"tx_bytes_per_second":0.0,"rx_packets_per_second":0.5,)"
                        R"("tx_packets_per_second":null,)"),
              std::string::npos)
        << line;
    EXPECT_NE(netmon::json_line(now, "1", nullptr, 2.0).find(R"("rx_bytes_per_second":null,)"), std::string::npos);
}

TEST(Netmon, details_come_last_and_only_when_asked_for) {
    const Link link{2, "eth0", false, {}, {"lan", "q\"x"}, 6};
    const auto line = netmon::json_line(link, "1", nullptr, std::nullopt, true);
    EXPECT_TRUE(line.ends_with(R"("tx_dropped":0,"operstate":"up","altnames":["lan","q\"x"]})"
                               "\n"))
        << line;
    const Link plain{2, "eth0", false, {}, {}, 200};
    const auto unknown = netmon::json_line(plain, "1", nullptr, std::nullopt, true);
    EXPECT_TRUE(unknown.ends_with(R"("operstate":"unknown","altnames":[]})"
                                  "\n"))
        << unknown;
}

TEST(Netmon, a_time_has_the_digits_that_were_asked_for) {
    const netmon::WallTime time{std::chrono::microseconds(1'700'000'000'012'345)};
    EXPECT_EQ(netmon::timestamp_text(time, 0), "1700000000");
    EXPECT_EQ(netmon::timestamp_text(time, 3), "1700000000.012");
    EXPECT_EQ(netmon::timestamp_text(time, 6), "1700000000.012345");
}

TEST(Netmon, a_selection_has_names_globs_and_exclusions) {
    const Link eth0{2, "eth0", false, {}, {"lan", "enp0s31f6"}};
    const Link eth1{3, "eth1", false, {}, {}};
    const Link odd{4, "a[b", false, {}, {}};
    const Link lo{1, "lo", true, {}, {}};
    const auto watched = [&](const netmon::Selection& selection) {
        std::string names;
        for (const auto* link : {&lo, &eth0, &eth1, &odd})
            if (selection.watches(*link)) names += link->name + " ";
        return names;
    };
    EXPECT_EQ(watched({{"all"}}), "eth0 eth1 a[b ");
    EXPECT_EQ(watched({{"eth1", "lo"}}), "lo eth1 ");
    EXPECT_EQ(watched({{"eth*"}}), "eth0 eth1 ");
    EXPECT_EQ(watched({{"[ew]th[1-9]"}}), "eth1 ");
    EXPECT_EQ(watched({{"*"}}), "lo eth0 eth1 a[b ");
    EXPECT_EQ(watched({{"lan"}}), "eth0 ");
    EXPECT_EQ(watched({{"enp*"}}), "eth0 ");
    EXPECT_EQ(watched({{"a[b"}}), "a[b ");
    EXPECT_EQ(watched({{"all"}, {"eth0", "a*"}}), "eth1 ");
    EXPECT_EQ(watched({{"all"}, {"lan"}}), "eth1 a[b ");
    EXPECT_EQ(watched({{"all", "lo"}, {"all"}}), "lo ");
}

netmon::Options options_of(std::vector<std::string> words) {
    words.insert(words.begin(), "netmon");
    std::vector<char*> arguments;
    arguments.reserve(words.size());
    for (auto& word : words)
        arguments.push_back(word.data());
    return std::get<netmon::Options>(netmon::parse_command_line(static_cast<int>(arguments.size()), arguments.data()));
}

TEST(Netmon, words_of_the_command_line_stand_for_themselves) {
    using Words = std::vector<std::string>;
    EXPECT_EQ(options_of({}).interfaces, Words{});
    const auto options = options_of({"[ew]*[01]", "--exclude", "eth*", "wlan0", "--exclude", "[a,b]", "--", "all"});
    EXPECT_EQ(options.interfaces, (Words{"[ew]*[01]", "wlan0", "all"}));
    EXPECT_EQ(options.excluded, (Words{"eth*", "[a,b]"}));
    EXPECT_EQ(options.style.fraction_digits, 0);
    EXPECT_EQ(options_of({"--timestamp", "ms"}).style.fraction_digits, 3);
    EXPECT_EQ(options_of({"-n", "3", "-i", "0.5"}).count, 3U);
    EXPECT_EQ(options_of({"-n", "3", "-i", "0.5"}).interval.count(), 0.5);
    EXPECT_EQ(options_of({"--timestamp", "us", "--details"}).style.fraction_digits, 6);
}

kmon::Result<std::optional<std::string>> from_file(const std::string& text) {
    const TempTree tree;
    tree.write("etc/netmon.conf", text);
    return netmon::interface_from_file(tree.root());
}

TEST(Netmon, the_file_names_one_interface) {
    EXPECT_EQ(from_file("rmnet_data0").value(), "rmnet_data0");
    EXPECT_EQ(from_file("# the uplink\n\n  eth0\t# for now\r\neth1\n").value(), "eth0");
    EXPECT_EQ(from_file("all\n").value(), "all");
    EXPECT_EQ(from_file("\xef\xbb\xbf"
                        "eth0\r\n")
                  .value(),
              "eth0")
        << "with the mark that some editors write";
    EXPECT_EQ(from_file(std::string(127, 'a')).value(), std::string(127, 'a')) << "an alternative name";
    EXPECT_EQ(from_file("").value(), std::nullopt);
    EXPECT_EQ(from_file("# eth0\n").value(), std::nullopt);
}

TEST(Netmon, what_is_no_name_is_bad_configuration) {
    const std::string too_long(128, 'a');
    for (const auto& text : {std::string("two words"), std::string("eth/0"), std::string(".."), too_long,
                             std::string("\n\neth0:1"), std::string("eth0\0", 5)}) {
        const auto name = from_file(text);
        ASSERT_FALSE(name) << text;
        EXPECT_EQ(name.error().code, ExitCode::bad_config);
    }
    EXPECT_NE(from_file("\n\nnot \x1b[1m\n").error().what.find("/etc/netmon.conf:3: \"not \\x1b[1m\" is not a valid"),
              std::string::npos);
}

TEST(Netmon, a_file_that_is_none_is_bad_configuration_at_once) {
    const auto refused = [](const TempTree& tree, const std::string& why) {
        const auto name = netmon::interface_from_file(tree.root());
        ASSERT_FALSE(name) << why;
        EXPECT_EQ(name.error().code, ExitCode::bad_config);
        EXPECT_EQ(name.error().what, "cannot read " + (tree.path() / "etc/netmon.conf").string() + ": " + why);
    };
    const TempTree directory;
    std::filesystem::create_directories(directory.path() / "etc/netmon.conf");
    refused(directory, "Is a directory");
    const TempTree fifo;
    std::filesystem::create_directories(fifo.path() / "etc");
    ASSERT_EQ(::mkfifo((fifo.path() / "etc/netmon.conf").c_str(), 0600), 0);
    refused(fifo, "it is not a regular file");
    const TempTree large;
    large.write("etc/netmon.conf", "eth0\n");
    std::filesystem::resize_file(large.path() / "etc/netmon.conf", 300'000'000); // its last line
    refused(large, "it is longer than 65536 bytes");
}

// A program `uci` in its own PATH, followed by /bin for what the script itself runs.
class Uci : public testing::Test {
public:
    Uci(const Uci&) = delete;
    Uci& operator=(const Uci&) = delete;

protected:
    Uci() { ::setenv("PATH", (tree_.path() / "bin").c_str(), 1); }
    ~Uci() override { ::setenv("PATH", path_.c_str(), 1); }

    void answers(const std::string& script) {
        tree_.write("bin/uci", "#!/bin/sh\n" + script + "\n");
        ::chmod((tree_.path() / "bin/uci").c_str(), 0755);
    }

private:
    TempTree tree_;
    std::string path_ = std::getenv("PATH");
};

TEST_F(Uci, is_asked_for_both_options_and_without_a_shell) {
    answers(R"([ "$#" = 3 ] && [ "$1 $2 $3" = "-q get netmon.interface" ] && echo wwan0)");
    EXPECT_EQ(netmon::interface_from_uci().value(), "wwan0");
    answers(R"([ "$3" = "netmon.@netmon[0].interface" ] && echo eth1)");
    EXPECT_EQ(netmon::interface_from_uci().value(), "eth1");
}

TEST_F(Uci, that_is_missing_silent_or_failing_decides_nothing) {
    EXPECT_EQ(netmon::interface_from_uci().value(), std::nullopt);
    answers("");
    EXPECT_EQ(netmon::interface_from_uci().value(), std::nullopt);
    answers("echo eth0; exit 1");
    EXPECT_EQ(netmon::interface_from_uci().value(), std::nullopt);
}

TEST_F(Uci, with_a_bad_answer_is_bad_configuration) {
    answers("echo eth0 eth1");
    EXPECT_EQ(netmon::interface_from_uci().error().code, ExitCode::bad_config);
}

TEST_F(Uci, comes_after_the_file_and_before_all) {
    const TempTree tree;
    EXPECT_EQ(netmon::configured_interface(tree.root()).value(), "all");
    answers("echo wwan0");
    EXPECT_EQ(netmon::configured_interface(tree.root()).value(), "wwan0");
    tree.write("etc/netmon.conf", "eth0");
    EXPECT_EQ(netmon::configured_interface(tree.root()).value(), "eth0");
}

TEST_F(Uci, that_goes_on_for_ever_is_ended) {
    using std::chrono::steady_clock;
    const auto ended = [](const std::string& what, netmon::Limits limits) {
        const auto began = steady_clock::now();
        const auto output = netmon::run_program({"uci"}, limits);
        EXPECT_LT(steady_clock::now() - began, std::chrono::seconds(20));
        ASSERT_FALSE(output);
        EXPECT_EQ(output.error().what, what);
        EXPECT_EQ(output.error().code, ExitCode::failed);
    };
    answers("while :; do echo eth0; done");
    ended("uci printed more than 4096 bytes, and was killed", {std::chrono::seconds(100), 4096});
    answers("while :; do :; done");
    ended("uci did not answer within 1 seconds, and was killed", {std::chrono::seconds(1), 4096});
    answers("exec >/dev/null; while :; do :; done");
    ended("uci did not answer within 1 seconds, and was killed", {std::chrono::seconds(1), 4096});
    answers("/bin/sleep 100 & echo eth0"); // sleep keeps the other end of the pipe open
    ended("uci did not answer within 1 seconds, and was killed", {std::chrono::seconds(1), 4096});
}

netmon::Readings readings_of(const std::string& interface, netmon::IfMissing if_missing = netmon::IfMissing::fail) {
    return {std::move(kmon::Links::open().value()), {{interface}}, {}, if_missing};
}

std::size_t lines_in(const std::string& text) { return static_cast<std::size_t>(std::ranges::count(text, '\n')); }

TEST(Netmon, an_interface_goes_away_and_is_picked_up_again) {
    in_netns([] {
        ip("link add left type veth peer name left1");
        auto readings = readings_of("left");
        EXPECT_EQ(lines_in(readings.next().value().lines), 1U);
        ip("link del left");
        auto reading = readings.next().value();
        EXPECT_EQ(reading.lines, "");
        EXPECT_EQ(reading.notes, std::vector<std::string>{"left disappeared"});
        EXPECT_TRUE(readings.next().value().notes.empty()) << "it is told once";
        ip("link add left type veth peer name left1");
        reading = readings.next().value();
        EXPECT_EQ(lines_in(reading.lines), 1U);
        EXPECT_EQ(reading.notes, std::vector<std::string>{"left is back"});
        ip("link del left");
        ip("link add left type veth peer name left1");
        EXPECT_EQ(readings.next().value().notes, std::vector<std::string>{"left was replaced by another device"});
    });
}

TEST(Netmon, watches_several_by_names_globs_and_alternative_names) {
    in_netns([] {
        ip("link add left type veth peer name left1");
        ip("link add right type veth peer name right1");
        ip("link property add dev right altname lan");
        ip("link set up left");
        ip("link set up left1");
        netmon::Readings readings(std::move(kmon::Links::open().value()), {{"left*", "lan"}, {"left1"}},
                                  {.details = true});
        auto reading = readings.next().value();
        EXPECT_EQ(lines_in(reading.lines), 2U);
        EXPECT_NE(reading.lines.find(R"("operstate":"up","altnames":[]})"), std::string::npos) << reading.lines;
        EXPECT_NE(reading.lines.find(R"("operstate":"down","altnames":["lan"]})"), std::string::npos) << reading.lines;
        ip("link del right");
        EXPECT_EQ(readings.next().value().notes, std::vector<std::string>{"right disappeared"});
        ip("link add right type veth peer name right1");
        EXPECT_EQ(lines_in(readings.next().value().lines), 1U) << "it is another one, without that name";
        ip("link property add dev right altname lan");
        reading = readings.next().value();
        EXPECT_EQ(reading.notes, std::vector<std::string>{"lan is back"});
        EXPECT_EQ(lines_in(reading.lines), 2U);
        ip("link del left");
        EXPECT_EQ(readings.next().value().notes, std::vector<std::string>{"left disappeared"});
        ip("link add left type veth peer name left1");
        reading = readings.next().value();
        EXPECT_EQ(reading.notes, std::vector<std::string>{}) << "what a glob matches comes and goes";
        EXPECT_EQ(lines_in(reading.lines), 2U);
    });
}

TEST(Netmon, a_bracket_that_is_not_closed_makes_no_glob) {
    EXPECT_TRUE(netmon::is_glob("eth[01]"));
    EXPECT_TRUE(netmon::is_glob("e?"));
    EXPECT_FALSE(netmon::is_glob("a[b"));
    EXPECT_FALSE(netmon::is_glob("a]b[c"));
}

TEST(Netmon, a_glob_that_matches_nothing_at_first_is_an_error) {
    in_netns([] {
        const auto reading = readings_of("nosuch*").next();
        ASSERT_FALSE(reading);
        EXPECT_EQ(reading.error().what, "no interface matches nosuch*");
    });
}

TEST(Netmon, one_that_is_not_there_at_first_is_an_error) {
    in_netns([] {
        const auto reading = readings_of("nosuch0").next();
        ASSERT_FALSE(reading);
        EXPECT_EQ(reading.error().code, ExitCode::failed);
        EXPECT_EQ(reading.error().what, "there is no interface nosuch0");
    });
}

TEST(Netmon, one_that_may_come_later_is_waited_for) {
    in_netns([] {
        auto readings = readings_of("left", netmon::IfMissing::wait);
        auto reading = readings.next().value();
        EXPECT_TRUE(reading.waiting);
        EXPECT_EQ(reading.notes, std::vector<std::string>{"left does not exist yet; waiting for it"});
        reading = readings.next().value();
        EXPECT_TRUE(reading.waiting);
        EXPECT_TRUE(reading.notes.empty()) << "it is told once";
        ip("link add left type veth peer name left1");
        reading = readings.next().value();
        EXPECT_FALSE(reading.waiting);
        EXPECT_EQ(lines_in(reading.lines), 1U);
        EXPECT_EQ(reading.notes, std::vector<std::string>{"left has appeared"});
        ip("link del left");
        EXPECT_EQ(readings.next().value().notes, std::vector<std::string>{"left disappeared"});
    });
}

TEST(Netmon, all_is_every_interface_but_lo) {
    in_netns([] {
        auto readings = readings_of("all");
        const auto before = lines_in(readings.next().value().lines);
        ip("link add left type veth peer name left1");
        const auto reading = readings.next().value();
        EXPECT_EQ(lines_in(reading.lines), before + 2);
        EXPECT_EQ(reading.lines.find("\"lo\""), std::string::npos);
        EXPECT_TRUE(reading.notes.empty());
        ip("link del left");
        EXPECT_EQ(readings.next().value().notes.size(), 2U);
    });
}

} // namespace
