// SPDX-License-Identifier: GPL-2.0-only
#include "control/keeper.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "control/status_line.hpp"
#include "modules/module_table.hpp"
#include "temp_tree.hpp"

namespace {

using kmon::Config;
using kmon::control::Entry;
using kmon::control::Keeper;
using kmon::control::Network;
using kmon::control::Topic;
using kmon::test::TempTree;
using Names = std::vector<std::string>;

// The five modules as they appear in sysfs after modprobe, and a network, both under the test's control.
class KeeperTest : public testing::Test {
protected:
    KeeperTest() {
        tree.write("proc/sys/kernel/osrelease", "6.1.0-56-amd64\n");
        tree.write("proc/modules", "");
        for (const auto& module : kmon::module_names())
            load(module);
    }

    void load(const std::string& module) const {
        const auto parameters = "sys/module/" + module + "/parameters/";
        for (const auto& [name, value] : defaults_.at(module))
            tree.write(parameters + name, value + "\n");
        tree.write("sys/module/" + module + "/initstate", "live\n");
    }

    void unload(const std::string& module) {
        // Moved away instead of removed, so that its inode is not reused.
        std::filesystem::rename(tree.path() / "sys/module" / module, tree.path() / ("gone" + std::to_string(gone_++)));
    }

    std::string get(const std::string& module, const std::string& parameter) const {
        return kmon::read_parameter(tree.root(), module, parameter).value_or("?");
    }
    void set(const std::string& module, const std::string& parameter, const std::string& value) const {
        tree.write("sys/module/" + module + "/parameters/" + parameter, value + "\n");
    }

    std::string status() const { return kmon::control::status_line(tree.root(), keeper); }

    long told(Topic topic) const { return std::ranges::count(journal, topic, &Entry::topic); }

    TempTree tree;
    std::vector<Entry> journal;
    Network network{{"lo", "eth0", "eth1"}, {}, "eth0"};
    Keeper keeper{tree.root(), [this](const Entry& entry) { journal.push_back(entry); }, [this] { return network; }};

private:
    int gone_ = 0;
    const std::map<std::string, std::map<std::string, std::string>> defaults_ = {
        {"l2packet_counter", {{"interface", ""}, {"max_macs", "65536"}, {"reset_interval", "20"}, {"direction", "rx"}}},
        {"localhost_monitor", {{"log_packets", "0"}}},
        {"kstat", {{"counter", "10"}, {"start", "0"}}},
        {"netmon_proc", {{"iface", ""}}},
        {"process_monitor", {{"log", "0"}, {"log_rate", "100"}}},
    };
};

TEST_F(KeeperTest, brings_the_defaults_into_force) {
    keeper.start({});
    EXPECT_EQ(get("kstat", "start"), "1");
    EXPECT_EQ(get("l2packet_counter", "interface"), "eth0");
    EXPECT_EQ(status(), "5 of 5 modules; l2packet_counter on eth0; kstat started, counter 10");
    EXPECT_EQ(told(Topic::module_ready), 5);
    EXPECT_EQ(told(Topic::setting_written), 1); // kstat's start: the others already had their values
    EXPECT_EQ(told(Topic::interface_followed), 1);
}

TEST_F(KeeperTest, writes_nothing_that_stands_there_already) {
    keeper.start({});
    journal.clear();
    keeper.refresh();
    ASSERT_TRUE(keeper.reload({}));
    EXPECT_TRUE(journal.empty());
}

TEST_F(KeeperTest, leaves_alone_what_is_not_enabled) {
    unload("process_monitor");
    Config config;
    config.values["process_monitor.enabled"] = false;
    config.values["kstat.enabled"] = false;
    keeper.start(config);
    EXPECT_EQ(get("kstat", "start"), "0");
    EXPECT_EQ(status(), "3 of 3 modules; l2packet_counter on eth0");
}

TEST_F(KeeperTest, a_missing_module_degrades_and_the_others_run) {
    unload("kstat");
    keeper.start({});
    EXPECT_EQ(status(),
              "degraded: 4 of 5 modules; kstat: no modules are installed for the running kernel "
              "6.1.0-56-amd64; try: reboot into an installed kernel; in a container, install kmon on the host; "
              "l2packet_counter on eth0");
    keeper.refresh();
    EXPECT_EQ(told(Topic::module_missing), 1);
    EXPECT_EQ(journal.size(), 6); // module_missing, 4 modules and an interface
}

TEST_F(KeeperTest, a_module_that_returns_gets_its_settings_again) {
    keeper.start({});
    unload("kstat");
    keeper.refresh();
    EXPECT_TRUE(status().starts_with("degraded: 4 of 5 modules; kstat: "));
    load("kstat");
    EXPECT_EQ(get("kstat", "start"), "0");
    keeper.refresh();
    EXPECT_EQ(get("kstat", "start"), "1");
    EXPECT_EQ(status(), "5 of 5 modules; l2packet_counter on eth0; kstat started, counter 10");
}

TEST_F(KeeperTest, a_module_that_was_loaded_anew_between_two_looks_gets_its_settings_again) {
    keeper.start({});
    unload("kstat");
    load("kstat");
    keeper.refresh();
    EXPECT_EQ(get("kstat", "start"), "1");
    EXPECT_EQ(told(Topic::module_missing), 0);
}

TEST_F(KeeperTest, a_module_that_is_just_coming_is_waited_for) {
    tree.write("sys/module/kstat/initstate", "coming\n");
    keeper.start({});
    EXPECT_TRUE(keeper.unsettled());
    EXPECT_EQ(get("kstat", "start"), "0");
    EXPECT_EQ(told(Topic::module_missing), 0);
    tree.write("sys/module/kstat/initstate", "live\n");
    keeper.refresh();
    EXPECT_FALSE(keeper.unsettled());
    EXPECT_EQ(get("kstat", "start"), "1");
}

TEST_F(KeeperTest, what_somebody_set_by_hand_stays_until_a_reload) {
    keeper.start({});
    set("kstat", "start", "0");
    keeper.refresh();
    EXPECT_EQ(get("kstat", "start"), "0");
    EXPECT_TRUE(status().ends_with("kstat stopped, counter 10"));
    ASSERT_TRUE(keeper.reload({}));
    EXPECT_EQ(get("kstat", "start"), "1");
}

TEST_F(KeeperTest, a_reload_sets_what_changed) {
    keeper.start({});
    Config config;
    config.values["kstat.counter"] = 50U;
    config.values["l2packet_counter.interface"] = Names{"eth1"};
    config.values["l2packet_counter.reset_interval"] = 60U;
    ASSERT_TRUE(keeper.reload(config));
    EXPECT_EQ(get("kstat", "counter"), "50");
    EXPECT_EQ(get("l2packet_counter", "reset_interval"), "60");
    EXPECT_EQ(get("l2packet_counter", "interface"), "eth1");
    EXPECT_EQ(status(), "5 of 5 modules; l2packet_counter on eth1; kstat started, counter 50");
}

// process_monitor, the last module, refuses. The values that the others took are restored.
TEST_F(KeeperTest, a_reload_that_one_module_refuses_changes_nothing) {
    keeper.start({});
    std::filesystem::remove(tree.path() / "sys/module/process_monitor/parameters/log_rate");
    tree.link("sys/module/process_monitor/parameters/log_rate", "/proc/self/oom_score_adj"); // at most 1000
    Config config;
    config.values["kstat.counter"] = 50U;
    config.values["localhost_monitor.log_packets"] = true;
    config.values["l2packet_counter.interface"] = Names{"eth1"};
    config.values["process_monitor.log_rate"] = 1000000U;
    const auto outcome = keeper.reload(config);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().what, "cannot set process_monitor log_rate=1000000: the module refused the value; the "
                                    "old settings stay in force");
    EXPECT_EQ(get("kstat", "counter"), "10");
    EXPECT_EQ(get("localhost_monitor", "log_packets"), "0");
    EXPECT_EQ(get("l2packet_counter", "interface"), "eth0");
    EXPECT_EQ(keeper.config(), Config());
}

TEST_F(KeeperTest, a_module_that_goes_during_a_reload_does_not_stop_it) {
    keeper.start({});
    std::filesystem::remove_all(tree.path() / "sys/module/kstat/parameters");
    unload("kstat");
    Config config;
    config.values["process_monitor.log_rate"] = 555U;
    const auto outcome = keeper.reload(config);
    EXPECT_TRUE(outcome) << outcome.error().what;
    EXPECT_EQ(get("process_monitor", "log_rate"), "555");
}

TEST_F(KeeperTest, a_module_that_is_turned_off_runs_on) {
    keeper.start({});
    Config config;
    config.values["kstat.enabled"] = false;
    ASSERT_TRUE(keeper.reload(config));
    EXPECT_EQ(get("kstat", "start"), "1");
    EXPECT_EQ(status(), "4 of 4 modules; l2packet_counter on eth0");
    EXPECT_EQ(journal.back().message, "kstat is disabled but still loaded; to unload it: modprobe -r kstat");
    ASSERT_TRUE(keeper.reload({}));
    EXPECT_EQ(status(), "5 of 5 modules; l2packet_counter on eth0; kstat started, counter 10");
}

TEST_F(KeeperTest, a_module_that_is_turned_on_gets_its_settings) {
    Config config;
    config.values["kstat.enabled"] = false;
    keeper.start(config);
    ASSERT_TRUE(keeper.reload({}));
    EXPECT_EQ(get("kstat", "start"), "1");
}

TEST_F(KeeperTest, follows_the_default_route) {
    network.default_route.reset();
    keeper.start({});
    EXPECT_EQ(status(), "5 of 5 modules; l2packet_counter waiting for a default route; kstat started, counter 10");
    EXPECT_EQ(told(Topic::interface_missing), 1);
    network.default_route = "eth0";
    keeper.refresh();
    EXPECT_EQ(get("l2packet_counter", "interface"), "eth0");
    network.default_route = "eth1";
    keeper.refresh();
    EXPECT_EQ(get("l2packet_counter", "interface"), "eth1");
    network.default_route.reset();
    keeper.refresh();
    EXPECT_EQ(get("l2packet_counter", "interface"), "eth1");
    EXPECT_EQ(status(),
              "5 of 5 modules; l2packet_counter on eth1, waiting for a default route; kstat started, counter 10");
}

TEST_F(KeeperTest, picks_up_an_interface_that_comes_late) {
    Config config;
    config.values["l2packet_counter.interface"] = Names{"eth0", "usb0"};
    keeper.start(config);
    EXPECT_EQ(status(), "5 of 5 modules; l2packet_counter on eth0, waiting for usb0; kstat started, counter 10");
    network.devices.emplace_back("usb0");
    keeper.refresh();
    EXPECT_EQ(get("l2packet_counter", "interface"), "eth0,usb0");
    EXPECT_EQ(status(), "5 of 5 modules; l2packet_counter on eth0,usb0; kstat started, counter 10");
}

TEST_F(KeeperTest, an_interface_that_went_stays_named_beside_one_that_comes) {
    Config config;
    config.values["l2packet_counter.interface"] = Names{"eth0", "usb0"};
    keeper.start(config);
    network.devices = {"lo", "usb0"};
    keeper.refresh();
    EXPECT_EQ(get("l2packet_counter", "interface"), "usb0,eth0");
    EXPECT_EQ(status(), "5 of 5 modules; l2packet_counter on usb0, waiting for eth0; kstat started, counter 10");
}

TEST_F(KeeperTest, an_interface_that_is_refused_degrades_and_is_not_tried_again_in_vain) {
    std::filesystem::remove(tree.path() / "sys/module/l2packet_counter/parameters/interface");
    tree.link("sys/module/l2packet_counter/parameters/interface", "/proc/self/oom_score_adj");
    keeper.start({});
    EXPECT_TRUE(status().starts_with("degraded: 5 of 5 modules; l2packet_counter: cannot set l2packet_counter "
                                     "interface=eth0: the module refused the value; try: name Ethernet interfaces"))
        << status();
    network.devices.emplace_back("eth2");
    keeper.refresh();
    EXPECT_EQ(told(Topic::setting_refused), 1);
    EXPECT_TRUE(status().starts_with("degraded: "));
    network.default_route.reset(); // it went, and may come back as another device
    keeper.refresh();
    network.default_route = "eth0";
    keeper.refresh();
    EXPECT_EQ(told(Topic::setting_refused), 2);
}

// As after an upgrade, until the new module is loaded.
TEST_F(KeeperTest, a_parameter_that_an_older_module_lacks_matters_only_where_it_is_to_be_another) {
    std::filesystem::remove(tree.path() / "sys/module/l2packet_counter/parameters/direction");
    keeper.start({});
    EXPECT_EQ(status(), "5 of 5 modules; l2packet_counter on eth0; kstat started, counter 10");
    EXPECT_EQ(told(Topic::setting_refused), 0);
    Config other;
    other.values["kstat.counter"] = 50U;
    EXPECT_TRUE(keeper.reload(other)) << "which is about something else";
    Config both;
    both.values["l2packet_counter.direction"] = "both";
    const auto outcome = keeper.reload(both);
    ASSERT_FALSE(outcome);
    EXPECT_NE(
        outcome.error().what.find("cannot set l2packet_counter direction=both: the l2packet_counter that is loaded is "
                                  "another version and has no such parameter; reload the module"),
        std::string::npos)
        << outcome.error().what;
    EXPECT_EQ(outcome.error().hint, "modprobe -r l2packet_counter && kmonctl apply");
    EXPECT_EQ(keeper.config(), other);
}

TEST_F(KeeperTest, at_start_it_says_that_an_older_module_is_to_be_reloaded) {
    std::filesystem::remove(tree.path() / "sys/module/l2packet_counter/parameters/direction");
    Config both;
    both.values["l2packet_counter.direction"] = "both";
    keeper.start(both);
    EXPECT_TRUE(status().starts_with(
        "degraded: 5 of 5 modules; l2packet_counter: cannot set l2packet_counter direction=both: "))
        << status();
    EXPECT_NE(status().find("modprobe -r l2packet_counter && kmonctl apply"), std::string::npos);
    EXPECT_EQ(get("l2packet_counter", "interface"), "eth0") << "which it has, and which is set";
}

// ---- consistency: what kmond says, and what is seen without it

TEST_F(KeeperTest, its_report_is_what_is_seen_without_it) {
    const auto agrees = [&](const Config& config) {
        auto seen = kmon::control::observe(tree.root(), config, network);
        seen.by = "kmond";
        EXPECT_EQ(to_json(keeper.report()), to_json(seen));
    };
    Config config;
    config.values["l2packet_counter.interface"] = Names{"eth0", "usb0"};
    keeper.start(config);
    agrees(config);
    set("kstat", "counter", "33");
    set("l2packet_counter", "interface", "eth0,eth1"); // by hand
    keeper.refresh();
    EXPECT_EQ(keeper.report().find("l2packet_counter")->differences.size(), 1U);
    agrees(config);
    unload("process_monitor");
    agrees(config); // even before kmond has noticed
    keeper.refresh();
    agrees(config);
    tree.write("run/kmon/load-errors", "process_monitor 1\n"); // somebody's attempt to load it failed meanwhile
    agrees(config);
    tree.write("sys/module/kstat/initstate", "going\n");
    agrees(config);
}

TEST_F(KeeperTest, why_the_kernel_refused_a_module_is_known_from_its_loading) {
    unload("kstat");
    std::filesystem::copy(std::filesystem::path(KMON_FIXTURES) / "modules/lib", tree.path() / "lib",
                          std::filesystem::copy_options::recursive);
    tree.write("run/kmon/load-errors", "process_monitor 1\nkstat 129\n"); // EKEYREJECTED
    keeper.start({});
    EXPECT_NE(status().find("kstat: it is not signed, and this kernel loads only signed modules"), std::string::npos)
        << status();
}

} // namespace
