// SPDX-License-Identifier: GPL-2.0-only
#include "control/watched.hpp"

#include <gtest/gtest.h>

namespace {

using kmon::control::Network;

using Names = std::vector<std::string>;

kmon::control::Watched watched(const Names& configured, const Names& devices) {
    return kmon::control::watched_interfaces(kmon::ConfigValue(configured), {devices, {}, std::nullopt});
}

kmon::control::Watched watched_auto(const std::optional<std::string>& route) {
    return kmon::control::watched_interfaces(std::string("auto"), {{"lo", "eth0", "wlan0"}, {}, route});
}

std::optional<std::string> at_event(const kmon::control::Watched& w, const std::string& now) {
    return kmon::control::interface_to_write(w, now, false);
}

std::optional<std::string> at_reload(const kmon::control::Watched& w, const std::string& now) {
    return kmon::control::interface_to_write(w, now, true);
}

TEST(WatchedInterfaces, are_those_there_in_the_configured_order) {
    const auto w = watched({"eth1", "eth9", "eth0"}, {"lo", "eth0", "eth1"});
    EXPECT_EQ(w.there, (Names{"eth1", "eth0"}));
    EXPECT_EQ(w.missing, Names{"eth9"});
    EXPECT_EQ(at_event(w, ""), "eth1,eth0");
}

TEST(WatchedInterfaces, one_that_went_is_left_to_the_module) {
    EXPECT_EQ(at_event(watched({"eth0"}, {"lo"}), "eth0"), std::nullopt);
    EXPECT_EQ(at_reload(watched({"eth0"}, {"lo"}), "eth0"), std::nullopt);
    EXPECT_EQ(at_reload(watched({"eth0", "eth1"}, {"eth0"}), "eth0,eth1"), std::nullopt);
}

TEST(WatchedInterfaces, one_that_comes_is_added) {
    EXPECT_EQ(at_event(watched({"eth0", "eth1"}, {"eth0", "eth1"}), "eth0"), "eth0,eth1");
}

TEST(WatchedInterfaces, one_that_the_module_waits_for_is_named_again_beside_a_new_one) {
    EXPECT_EQ(at_event(watched({"eth0", "eth1", "eth2"}, {"eth1"}), "eth0"), "eth1,eth0");
    EXPECT_EQ(at_reload(watched({"eth0", "eth1"}, {"eth1"}), "eth0,eth5"), "eth1,eth0");
}

TEST(WatchedInterfaces, an_alternative_name_is_its_device) {
    const Network network{{"lo", "eth0"}, {{"enp0s3", "eth0"}}, std::nullopt};
    const auto w = kmon::control::watched_interfaces(Names{"enp0s3", "eth0", "enp0s4"}, network);
    EXPECT_EQ(w.there, Names{"eth0"});
    EXPECT_EQ(w.missing, Names{"enp0s4"});
}

TEST(WatchedInterfaces, a_renamed_one_stays_watched_until_the_configuration_is_read_again) {
    EXPECT_EQ(at_event(watched({"eth0"}, {"lan0"}), "lan0"), std::nullopt);
    EXPECT_EQ(at_event(watched({"eth0"}, {"lan0", "eth0"}), "lan0"), "eth0");
    EXPECT_EQ(at_reload(watched({"eth0"}, {"lan0"}), "lan0"), "");
}

TEST(WatchedInterfaces, a_new_configuration_drops_the_old_names) {
    EXPECT_EQ(at_reload(watched({"eth1"}, {"eth0", "eth1"}), "eth0"), "eth1");
    EXPECT_EQ(at_reload(watched({"eth1"}, {"eth0", "eth1"}), "eth0,eth1"), "eth1");
    EXPECT_EQ(at_reload(watched({"eth9"}, {"eth0"}), "eth0"), "");
    EXPECT_EQ(at_reload(watched({}, {"eth0"}), "eth0"), "");
    EXPECT_EQ(at_reload(watched({}, {"eth0"}), ""), std::nullopt);
}

TEST(WatchedInterfaces, auto_follows_the_default_route) {
    EXPECT_EQ(at_event(watched_auto("eth0"), ""), "eth0");
    EXPECT_EQ(at_event(watched_auto("eth0"), "eth0"), std::nullopt);
    EXPECT_EQ(at_event(watched_auto("wlan0"), "eth0"), "wlan0");
}

TEST(WatchedInterfaces, auto_keeps_what_it_has_while_there_is_no_route) {
    EXPECT_TRUE(watched_auto({}).no_route);
    EXPECT_EQ(at_event(watched_auto({}), "eth0"), std::nullopt);
    EXPECT_EQ(at_reload(watched_auto({}), "eth0"), std::nullopt);
    EXPECT_EQ(at_event(watched_auto({}), ""), std::nullopt);
}

} // namespace
