// SPDX-License-Identifier: GPL-2.0-only
#include "config.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config_toml.hpp"
#include "temp_tree.hpp"

namespace {

using kmon::Config;
using kmon::ExitCode;
using kmon::test::TempTree;

kmon::ConfigReading read(const std::string& text) {
    kmon::ConfigReading reading;
    kmon::read_config_text(text, "kmon.toml", reading);
    return reading;
}

Config config_from(const std::string& text) {
    const auto reading = read(text);
    for (const auto& problem : reading.problems)
        ADD_FAILURE() << problem.text();
    return reading.config;
}

// What is wrong with `text`, as one line each.
std::string problems_of(const std::string& text) {
    const auto config = kmon::config_of(read(text));
    return config ? "" : config.error().what;
}

void expect_problem(const std::string& text, const std::string& problem) {
    EXPECT_NE(problems_of(text).find(problem), std::string::npos) << text << "\n is refused with\n"
                                                                  << problems_of(text);
}

TEST(Config, an_empty_file_is_the_defaults) {
    EXPECT_EQ(config_from(""), Config());
    EXPECT_EQ(config_from("# nothing\n[kstat]\n"), Config());
}

TEST(Config, no_file_at_all_is_the_defaults) {
    const TempTree tree;
    EXPECT_EQ(kmon::load_config(tree.root()).value(), Config());
}

TEST(Config, the_packaged_file_is_the_defaults) {
    const auto reading = kmon::read_config_file(std::filesystem::path(KMON_SOURCE) / "userspace/kmon.toml");
    EXPECT_EQ(kmon::config_of(reading).value(), Config());
}

TEST(Config, takes_every_key) {
    const auto config = config_from(R"(
[l2packet_counter]
enabled = false
interface = ["eth0", "eth1"]
reset_interval = "5m"
max_macs = 1
view_mode = "0440"
view_gid = 997
[localhost_monitor]
enabled = false
log_packets = true
[kstat]
enabled = false
start = false
counter = 2147483647
[netmon]
enabled = false
interface = "wlan0"
[process_monitor]
enabled = false
log = true
log_rate = 0
[exporter]
listen = "[::1]:80"
)");
    Config wanted;
    for (const auto* section : {"l2packet_counter", "localhost_monitor", "kstat", "netmon", "process_monitor"})
        wanted.values.at(section + std::string(".enabled")) = false;
    wanted.values["l2packet_counter.interface"] = std::vector<std::string>{"eth0", "eth1"};
    wanted.values["l2packet_counter.reset_interval"] = 300U;
    wanted.values["l2packet_counter.max_macs"] = 1U;
    wanted.values["l2packet_counter.view_mode"] = "0440";
    wanted.values["l2packet_counter.view_gid"] = 997U;
    wanted.values["localhost_monitor.log_packets"] = true;
    wanted.values["kstat.start"] = false;
    wanted.values["kstat.counter"] = 2147483647U;
    wanted.values["netmon.interface"] = "wlan0";
    wanted.values["process_monitor.log"] = true;
    wanted.values["process_monitor.log_rate"] = 0U;
    wanted.exporter = {"::1", 80};
    EXPECT_EQ(config, wanted);
}

TEST(Config, interface_is_auto_a_name_or_names) {
    const auto interface = [](const std::string& value) {
        return config_from("[l2packet_counter]\ninterface = " + value).values.at("l2packet_counter.interface");
    };
    EXPECT_EQ(interface(R"("auto")"), kmon::ConfigValue("auto"));
    EXPECT_EQ(interface(R"("eth0")"), kmon::ConfigValue(std::vector<std::string>{"eth0"}));
    EXPECT_EQ(interface("[]"), kmon::ConfigValue(std::vector<std::string>{}));
}

TEST(Config, a_choice_is_one_of_its_words) {
    expect_problem("[kstat]\nview_mode = \"0666\"",
                   R"(kstat.view_mode: "0666" is not a valid value; allowed: "0444", "0440", "0400")");
    expect_problem("[kstat]\nview_mode = 0o440", "kstat.view_mode: expected a string, found a number");
}

TEST(Config, an_interval_is_a_number_or_a_text_with_its_unit) {
    const auto seconds = [](const std::string& value) {
        return config_from("[l2packet_counter]\nreset_interval = " + value)
            .get<std::uint32_t>("l2packet_counter.reset_interval");
    };
    EXPECT_EQ(seconds("0"), 0);
    EXPECT_EQ(seconds("86400"), 86400);
    EXPECT_EQ(seconds(R"("0s")"), 0);
    EXPECT_EQ(seconds(R"("90")"), 90);
    EXPECT_EQ(seconds(R"("24h")"), 86400);
}

TEST(Config, a_bad_interval_is_refused) {
    const auto refused = [](const std::string& value, const std::string& reason) {
        expect_problem("[l2packet_counter]\nreset_interval = " + value,
                       "kmon.toml:2:18: l2packet_counter.reset_interval: " + reason +
                           R"(; allowed: "20s", "5m", "1h" or a number of seconds, up to 86400; 0: never)");
    };
    refused(R"("20 s")", R"("20 s" is not a duration)");
    refused(R"("-1s")", R"("-1s" is not a duration)");
    refused(R"("")", R"("" is not a duration)");
    refused(R"("s")", R"("s" is not a duration)");
    refused(R"("1w")", R"("1w" is not a duration)");
    refused(R"("99999999999999999999s")", R"("99999999999999999999s" is not a duration)");
    refused(R"("18446744073709551615h")", R"("18446744073709551615h" is not a duration)");
    refused(R"("25h")", R"("25h" is too large)");
    refused("86401", "86401 is too large");
    refused("-1", "-1 is too small");
    refused("1.5", "expected a duration, found a number with a fraction");
    refused("true", "expected a duration, found true or false");
    refused("12:00:00", "expected a duration, found a date or a time");
}

TEST(Config, a_misspelt_key_is_pointed_at) {
    EXPECT_EQ(problems_of("[l2packet_counter]\nenabled = true\n  reset_intervall = 5\n"),
              "kmon.toml:3:3: l2packet_counter.reset_intervall: unknown key, did you mean reset_interval?; "
              "allowed: enabled, interface, direction, reset_interval, max_macs, view_mode, view_gid");
}

TEST(Config, an_unknown_section_is_pointed_at) {
    EXPECT_EQ(problems_of("[kstats]\ncounter = 5\n"),
              "kmon.toml:1:2: kstats: unknown section, did you mean kstat?; allowed: localhost_monitor, "
              "l2packet_counter, kstat, netmon, process_monitor, exporter, recorder, devices");
    expect_problem("zzzzzzzzzzzz = 1", "kmon.toml:1:1: zzzzzzzzzzzz: unknown section; allowed");
    expect_problem("kstat = 1", "kmon.toml:1:9: kstat: expected a section, found a number; allowed: [kstat]");
    expect_problem("[[kstat]]", "kstat: expected a section, found an array");
}

TEST(Config, numbers_have_their_range) {
    const std::string place = "kmon.toml:2:11: kstat.counter: ";
    const std::string allowed = "; allowed: a number from 1 to 2147483647";
    EXPECT_EQ(problems_of("[kstat]\ncounter = 0"), place + "0 is too small" + allowed);
    EXPECT_EQ(problems_of("[kstat]\ncounter = 2147483648"), place + "2147483648 is too large" + allowed);
    EXPECT_EQ(problems_of("[kstat]\ncounter = -9223372036854775808"),
              place + "-9223372036854775808 is too small" + allowed);
    EXPECT_EQ(problems_of("[kstat]\ncounter = \"10\""), place + "expected a number, found a string" + allowed);
    expect_problem("[l2packet_counter]\nmax_macs = 1048577",
                   "1048577 is too large; allowed: a number from 1 to 1048576");
    expect_problem("[process_monitor]\nlog_rate = 1000001",
                   "allowed: a number from 0 to 1000000 per second; 0: no limit");
}

TEST(Config, yes_or_no_is_not_a_number) {
    expect_problem("[process_monitor]\nlog = 1",
                   "2:7: process_monitor.log: expected true or false, found a number; allowed: true or false");
}

TEST(Config, names_that_no_interface_can_have_are_refused) {
    const auto refused = [](const std::string& value, const std::string& reason) {
        expect_problem("[l2packet_counter]\ninterface = " + value, "2:13: l2packet_counter.interface: " + reason);
    };
    refused(R"("")", R"("" is not a valid)");
    refused(R"("a b")", R"("a b" is not a valid)");
    refused(R"("..")", R"(".." is not a valid)");
    refused(R"("eth0:1")", R"("eth0:1" is not a valid)");
    refused(R"("sixteen-letters-")", R"("sixteen-letters-" is not a valid)");
    refused(R"("a\u0000b")", R"("a\x00b" is not a valid)");
    refused("\"eth0,eth1\"", R"("eth0,eth1" is not a valid interface name; write ["eth0", "eth1"])");
    refused(R"(["eth0", "eth0"])", R"("eth0" is listed twice)");
    refused(R"(["eth0", "auto"])", R"("auto" cannot be in a list)");
    refused(R"(["eth0", 1])", "expected names, found a number");
    refused("{}", "expected a name or an array of names, found a table");
    std::string names;
    for (int i = 0; i < 65; ++i)
        names += R"("e)" + std::to_string(i) + R"(",)";
    refused("[" + names + "]", "too many interfaces: 65");
    expect_problem("[netmon]\ninterface = \"a/b\"", R"(netmon.interface: "a/b" is not a valid interface name)");
}

TEST(Config, an_endpoint_is_an_address_and_a_port) {
    const auto listen = [](const std::string& value) { return "[exporter]\nlisten = \"" + value + R"(")"; };
    EXPECT_EQ(config_from(listen("0.0.0.0:65535")).exporter.port, 65535);
    for (const auto* bad :
         {"", "9778", ":9778", "localhost:9778", "1.2.3.4:0", "1.2.3.4:65536", "::1:80", "[::1]", "[1.2.3.4]:80"})
        expect_problem(listen(bad), "is not an address and a port");
}

TEST(Config, the_exporter_takes_what_it_serves_and_to_whom) {
    const std::string hash = "$6$salt$" + std::string(86, 'x');
    const auto exporter =
        config_from("[exporter]\nlisten = \"0.0.0.0:80\"\nunix_socket = \"/run/x/y\"\ntop = 0\n"
                    "insecure = true\ntls_certificate = \"cert.pem\"\ntls_key = \"/k\"\nusers = [\"ann:" +
                    hash + "\"]\n")
            .exporter;
    EXPECT_EQ(exporter.host, "0.0.0.0");
    EXPECT_EQ(exporter.unix_socket, "/run/x/y");
    EXPECT_EQ(exporter.top, 0U);
    EXPECT_TRUE(exporter.insecure);
    EXPECT_EQ(exporter.tls_certificate, "cert.pem");
    EXPECT_EQ(exporter.tls_key, "/k");
    EXPECT_EQ(exporter.users, std::vector<std::string>{"ann:" + hash});
    expect_problem("[exporter]\ntop = 100001\n", "exporter.top: 100001 is too large");
    expect_problem("[exporter]\ninsecure = 1\n", "exporter.insecure: expected true or false, found a number");
    expect_problem("[exporter]\ntls_key = 1\n", "exporter.tls_key: expected a string, found a number");
    expect_problem("[exporter]\nusers = \"ann\"\n", "exporter.users: expected an array of users, found a string");
    // A possible password is not repeated. Weak hashes are not accepted.
    const auto told = problems_of("[exporter]\nusers = [\"ann:hunter2\"]\n");
    EXPECT_NE(told.find("exporter.users: \"ann\" has no hash"), std::string::npos) << told;
    EXPECT_EQ(told.find("hunter2"), std::string::npos) << told;
    for (const std::string& weak :
         {"$1$salt$" + std::string(22, 'x'), std::string("abJnggxhB/yWI"), std::string("$6$x")})
        expect_problem("[exporter]\nusers = [\"ann:" + weak + "\"]\n", "has no hash");
    expect_problem("[exporter]\nusers = [\":" + hash + "\"]\n", "has no hash");
}

TEST(Config, every_problem_is_told_in_the_order_of_the_lines) {
    EXPECT_EQ(problems_of("[process_monitor]\nlog = 1\n[kstat]\nstart = 2\ncounter = 0\n"),
              "kmon.toml:2:7: process_monitor.log: expected true or false, found a number; allowed: true or false\n"
              "kmon.toml:4:9: kstat.start: expected true or false, found a number; allowed: true or false\n"
              "kmon.toml:5:11: kstat.counter: 0 is too small; allowed: a number from 1 to 2147483647");
}

TEST(Config, what_is_not_toml_is_pointed_at) {
    expect_problem("[kstat]\ncounter = \n", "kmon.toml:2:");
    expect_problem("[kstat\n", "kmon.toml:1:");
    expect_problem("[ = 1\n", "kmon.toml:1:3: ");
    expect_problem("[kstat]\ncounter = 1\ncounter = 2\n", "kmon.toml:3:");
    expect_problem(std::string("[kstat]\nstart = \xff\xfe\n"), "kmon.toml:2:");
    expect_problem(std::string("[kstat]\n\0\n", 10), "kmon.toml:2:1");
    EXPECT_EQ(kmon::config_of(read("[")).error().code, ExitCode::bad_config);
}

TEST(Config, what_is_not_ascii_stands_in_comments_and_in_values) {
    const auto interfaces = [](const std::string& text) {
        return config_from(text).get<std::vector<std::string>>("l2packet_counter.interface");
    };
    using Names = std::vector<std::string>;
    EXPECT_EQ(interfaces("\xef\xbb\xbf# \u00e9\n[l2packet_counter] # \u00e9\ninterface = '#' # '\u00e9\n"), Names{"#"});
    EXPECT_EQ(interfaces(R"(l2packet_counter.interface = "\u00e9")"), Names{"\u00e9"});
    EXPECT_EQ(interfaces("[l2packet_counter]\ninterface = \"b\u00fcro\" # \u00fc\n"), Names{"b\u00fcro"});
    EXPECT_EQ(interfaces("[l2packet_counter]\ninterface = [ # \u00fc\n  'b\u00fcro',\n \"\"\"\u00e9\"\"\" ]\n"),
              (Names{"b\u00fcro", "\u00e9"}));
    const auto refused = [](const std::string& text, int column) {
        expect_problem(text, "kmon.toml:2:" + std::to_string(column) + ": a non-ASCII character outside comments");
    };
    refused("[kstat]\ncounter = 5\u00e9\n", 12);
    refused("[kstat]\ncounter = 5'\u00e9'\n", 13);
    refused("[kstat]\ncounter = 5='\u00e9'\n", 14);
    refused("[kstat]\ncounter = 5['\u00e9']\n", 14);
    refused("[kstat]\ncounter = = '\u00e9'\n", 14);
    refused("[kstat]\ncounter = [5'\u00e9']\n", 14);
    refused("\na = '\\'\u00e9", 8);
    refused("# '''\n'''#\u00e9", 5);
    refused("\n'\u00e9' = 1", 2);
    refused("\n['\u00e9']", 3);
    refused("\n= '\u00e9'", 4);
    refused("\n\u00e9", 1);
    expect_problem("\na = 'b\xfcro'", "kmon.toml:2:7: a byte that is not UTF-8");
    expect_problem("[l2packet_counter]\ninterface = \u201ceth0\u201d",
                   "kmon.toml:2:13: a typographic quote; write a plain one: \"");
    EXPECT_FALSE(problems_of("\na = \"\\\"#\u00e9").empty());
    EXPECT_FALSE(problems_of("\na = \"\"\"\"#\u00e9").empty());
}

TEST(Config, the_commonest_mistakes_are_told_with_what_to_write) {
    const auto told = [](const std::string& text, const std::string& problem) {
        const auto problems = problems_of(text);
        EXPECT_TRUE(problems.starts_with("kmon.toml:" + problem)) << text << "\n is refused with\n" << problems;
    };
    const std::string l2 = "[l2packet_counter]\n";
    const std::string kstat = "[kstat]\n";
    // no equals sign
    told(kstat + "counter 5\n",
         "2:8: kstat.counter: missing = between key and value; write: counter = 5; allowed: a number from");
    told(kstat + "  counter: 5 # a\nstart = true\n",
         "2:10: kstat.counter: missing = between key and value; write: counter = 5; allowed");
    told(l2 + "interface eth0", "2:10: l2packet_counter.interface: missing = between key and value; "
                                "write: interface = \"eth0\"; allowed");
    told(kstat + "start\n", "2:6: kstat.start: missing = between key and value; write: start = VALUE; "
                            "allowed: true or false");
    told(kstat + "counter =\nstart = true\n", "2:9: kstat.counter: missing value after the =; allowed: a number");
    told(kstat + "counter =", "2:9: kstat.counter: missing value after the =; allowed: a number");
    // no quotes
    told(l2 + "enabled = true\ninterface = eth0\n",
         R"(3:13: l2packet_counter.interface: eth0 needs quotes; write: interface = "eth0"; allowed: "auto", a)");
    told(l2 + "interface = [\"eth0\", eth1, wlan0]\n",
         R"(2:22: l2packet_counter.interface: eth1 needs quotes; write: interface = ["eth0", "eth1", "wlan0"])");
    told(l2 + "interface = [\n  eth0,\n]\n",
         "3:3: l2packet_counter.interface: eth0 needs quotes; write: interface = [\"eth0\"]");
    told(l2 + "interface = eth0, eth1\n",
         "2:13: l2packet_counter.interface: eth0, eth1 needs quotes; write: interface = "
         "[\"eth0\", \"eth1\"]");
    told(l2 + "reset_interval = 20s\n",
         "2:18: l2packet_counter.reset_interval: 20s needs quotes; write: reset_interval = \"20s\"");
    told("[exporter]\nlisten = 127.0.0.1:9778\n",
         "2:10: exporter.listen: 127.0.0.1:9778 needs quotes; write: listen = \"127.0.0.1:9778\"");
    told(kstat + "start = yes\n", "2:9: kstat.start: yes is not valid TOML; write: start = true; allowed: true or");
    told(kstat + "start = False\n", "2:9: kstat.start: False is not valid TOML; write: start = false; allowed");
    told(kstat + "counter = ten\n", "2:11: kstat.counter: \"ten\" is not a number; allowed: a number from 1");
    told(l2 + "interface = \"eth0\nmax_macs = 5\n",
         "2:13: l2packet_counter.interface: missing closing quote; write: interface = \"eth0\"");
    told(l2 + "interface = [\"eth0\"\nmax_macs = 5\n", "2:13: l2packet_counter.interface: this [ has no closing ]");
    // twice
    told(kstat + "counter = 1\nstart = true\n counter = 2\n",
         "4:2: kstat.counter: duplicate key, first set on line 2; keep one; allowed: a number");
    told(kstat + "counter = 1\n\n[netmon]\n[kstat]\nstart = true\n",
         "5:1: [kstat] appears twice, first on line 1; put all its keys there");
    told("[other]\ncounter = 1\n[kstat]\ncounter = 1\ncounter = 1\n", "5:1: kstat.counter: duplicate key, "
                                                                      "first set on line 4; keep one");
    told("[kstat\ncounter = 1\n", "1:7: missing ] after the section name; write: [kstat]");
    // Other errors keep the parser's words.
    told(kstat + "counter = 007\n", "2:");
    told(kstat + "counter = 1 2\n", "2:");
}

TEST(Config, of_many_mistakes_the_first_are_told_and_the_others_counted) {
    const auto many = [](int from, int to) {
        std::string text;
        for (int i = from; i < to; ++i)
            text += "k" + std::to_string(i) + "=1\n";
        return text;
    };
    EXPECT_EQ(read(many(0, 20)).problems.size(), 20U);
    EXPECT_EQ(read(many(0, 20)).more, 0U);
    for (const std::size_t count : {21U, 9'999U, 10'001U, 90'000U}) {
        const auto reading = read(many(0, static_cast<int>(count)));
        EXPECT_EQ(reading.problems.size(), 20U);
        EXPECT_EQ(reading.problems.front().key, "k0");
        EXPECT_EQ(reading.problems.back().line, 20U);
        EXPECT_EQ(reading.more, count - 20);
        EXPECT_EQ(reading.words().size(), 21U);
        EXPECT_EQ(reading.words().back(), "and " + std::to_string(count - 20) + " more");
    }
    // Together with other errors, in the order of the lines.
    const auto mixed = read("[kstat]\n" + many(0, 10) + "counter = 0\n" + many(10, 30));
    EXPECT_EQ(mixed.problems[10].key, "kstat.counter");
    EXPECT_EQ(mixed.more, 11U);
    // In several files.
    const TempTree tree;
    tree.write("etc/kmon.toml", many(0, 15));
    tree.write("etc/kmon.toml.d/a.toml", many(0, 15));
    EXPECT_EQ(kmon::read_config(tree.root()).problems.size(), 20U);
    EXPECT_EQ(kmon::read_config(tree.root()).more, 10U);
}

TEST(Config, an_array_without_end_is_not_read) {
    std::string text = "[kstat]\ncounter = [\n";
    while (text.size() < kmon::config_file_limit - 4)
        text += "1,\n";
    expect_problem(text + "]", "kmon.toml:2:1: the file is too long; the rest was not read");
}

// Well within the limits of the service: 16 MiB and one second.
TEST(Config, ninety_thousand_mistakes_are_cheap) {
    std::string text;
    int mistakes = 0;
    for (; text.size() + 10 < kmon::config_file_limit; ++mistakes)
        text += "k" + std::to_string(mistakes) + "=1 \n";
    ASSERT_GT(mistakes, 90'000);
    const TempTree tree;
    const auto file = tree.write("kmon.toml", text);
    const std::string program = std::string(KMON_BUILD) + "/userspace/kmonctl/kmonctl";
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        ::close(STDERR_FILENO);
        ::execl(program.c_str(), "kmonctl", "check", file.c_str(), nullptr);
        ::_exit(127);
    }
    int status = 0;
    rusage used{};
    ASSERT_EQ(::wait4(child, &status, 0, &used), child);
    EXPECT_EQ(WEXITSTATUS(status), status_of(ExitCode::bad_config));
#if !defined(__SANITIZE_ADDRESS__)
    EXPECT_LT(used.ru_maxrss, 16 * 1024); // KiB
    EXPECT_EQ(used.ru_utime.tv_sec + used.ru_stime.tv_sec, 0);
#endif
}

TEST(Config, drop_ins_come_in_the_order_of_their_names_and_the_last_one_wins) {
    const TempTree tree;
    tree.write("etc/kmon.toml", "[kstat]\ncounter = 1\nstart = false\n[process_monitor]\nlog_rate = 1\n");
    tree.write("etc/kmon.toml.d/20-b.toml", "[kstat]\ncounter = 3\n");
    tree.write("etc/kmon.toml.d/10-a.toml", "[kstat]\ncounter = 2\n[process_monitor]\nlog_rate = 2\n");
    tree.write("etc/kmon.toml.d/30-c.toml~", "[kstat]\ncounter = 4\n");
    tree.write("etc/kmon.toml.d/.40-d.toml", "[kstat]\ncounter = 5\n");
    const auto config = kmon::load_config(tree.root()).value();
    EXPECT_EQ(config.get<std::uint32_t>("kstat.counter"), 3);
    EXPECT_FALSE(config.get<bool>("kstat.start"));
    EXPECT_EQ(config.get<std::uint32_t>("process_monitor.log_rate"), 2);
    EXPECT_EQ(kmon::read_config(tree.root()).files.size(), 3);
}

TEST(Config, a_drop_in_replaces_the_list_of_interfaces) {
    const TempTree tree;
    tree.write("etc/kmon.toml", "[l2packet_counter]\ninterface = [\"eth0\", \"eth1\"]\n");
    tree.write("etc/kmon.toml.d/a.toml", "[l2packet_counter]\ninterface = \"eth2\"\n");
    EXPECT_EQ(kmon::load_config(tree.root())->get<std::vector<std::string>>("l2packet_counter.interface"),
              std::vector<std::string>{"eth2"});
    tree.write("etc/kmon.toml.d/b.toml", "[l2packet_counter]\ninterface = \"auto\"\n");
    EXPECT_EQ(kmon::load_config(tree.root()).value(), Config());
}

TEST(Config, a_drop_in_that_is_linked_to_nothing_is_masked) {
    const TempTree tree;
    tree.write("etc/kmon.toml", "[kstat]\ncounter = 2\n");
    tree.link("etc/kmon.toml.d/a.toml", "/dev/null");
    tree.link("etc/kmon.toml.d/b.toml", "a.toml");
    const auto reading = kmon::read_config(tree.root());
    EXPECT_EQ(kmon::config_of(reading).value().get<std::uint32_t>("kstat.counter"), 2U);
    EXPECT_EQ(reading.files.size(), 1U);
}

TEST(Config, a_link_that_leads_to_itself_is_named) {
    const TempTree tree;
    tree.link("etc/kmon.toml.d/loop.toml", "loop.toml");
    const auto config = kmon::load_config(tree.root());
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().code, ExitCode::bad_config);
    EXPECT_NE(config.error().what.find("loop.toml: Too many levels of symbolic links"), std::string::npos)
        << config.error().what;
}

TEST(Config, a_directory_of_drop_ins_that_leads_to_itself_is_named) {
    const TempTree tree;
    tree.link("etc/kmon.toml.d", "kmon.toml.d");
    EXPECT_FALSE(kmon::load_config(tree.root()));
}

TEST(Config, a_link_to_nowhere_is_an_error_not_the_defaults) {
    const TempTree tree;
    tree.link("etc/kmon.toml", "nowhere");
    const auto config = kmon::load_config(tree.root());
    ASSERT_FALSE(config);
    EXPECT_NE(config.error().what.find("kmon.toml: No such file or directory"), std::string::npos);
}

TEST(Config, a_drop_in_whose_name_is_not_utf8_is_read_and_shown_escaped) {
    const TempTree tree;
    tree.write("etc/kmon.toml.d/\xff.toml", "[kstat]\ncounter = 0\n");
    const auto config = kmon::load_config(tree.root());
    ASSERT_FALSE(config);
    EXPECT_NE(config.error().what.find(R"(kmon.toml.d/\xff.toml:2:11: kstat.counter)"), std::string::npos)
        << config.error().what;
}

TEST(Config, a_device_or_a_directory_is_refused_at_once) {
    EXPECT_FALSE(kmon::config_of(kmon::read_config_file("/dev/zero")));
    EXPECT_FALSE(kmon::config_of(kmon::read_config_file("/tmp")));
    EXPECT_FALSE(kmon::config_of(kmon::read_config_file("/nonexistent/kmon.toml")));
}

TEST(Config, a_megabyte_of_comments_is_read) {
    std::string text = "[kstat]\ncounter = 7\n";
    while (text.size() + 64 < kmon::config_file_limit)
        text += "# " + std::string(61, 'x') + "\n";
    const TempTree tree;
    tree.write("etc/kmon.toml", text);
    EXPECT_EQ(kmon::load_config(tree.root())->get<std::uint32_t>("kstat.counter"), 7);
}

TEST(Config, more_than_a_megabyte_is_refused) {
    const TempTree tree;
    tree.write("etc/kmon.toml", std::string(kmon::config_file_limit + 1, '\n'));
    const auto config = kmon::load_config(tree.root());
    ASSERT_FALSE(config);
    EXPECT_NE(config.error().what.find("longer than 1048576 bytes"), std::string::npos) << config.error().what;
}

TEST(Config, deep_nesting_is_refused_or_read_but_never_overruns_the_stack) {
    EXPECT_FALSE(problems_of("a = " + std::string(4000, '[') + std::string(4000, ']')).empty());
    std::string dotted = "[a";
    while (dotted.size() < kmon::config_line_limit - 2)
        dotted += ".a";
    expect_problem(dotted + "]\n", "a: unknown section");
    expect_problem("\n" + std::string(kmon::config_line_limit + 1, '#'),
                   "kmon.toml:2:4097: a line longer than 4096 bytes");
}

TEST(Config, says_which_modules_are_enabled) {
    const auto config = config_from("[netmon]\nenabled = false\n");
    EXPECT_TRUE(config.enabled("kstat"));
    EXPECT_FALSE(config.enabled("netmon_proc"));
    EXPECT_FALSE(config.enabled("no_such_module"));
}

} // namespace
