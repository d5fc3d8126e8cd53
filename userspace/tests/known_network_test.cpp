// SPDX-License-Identifier: GPL-2.0-only
#include "control/known_network.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include "in_netns.hpp"

namespace {

using kmon::control::KnownNetwork;
using kmon::control::Network;
using kmon::test::in_netns;
using kmon::test::ip;

// A kernel that counts the queries it gets.
class KnownNetworkTest : public testing::Test {
protected:
    Network network{{"lo", "eth0"}, {{"lan", "eth0"}}, std::nullopt};
    std::optional<std::string> route = "eth0";
    int device_dumps = 0;
    int route_dumps = 0;
    KnownNetwork known{{[this] {
                            ++device_dumps;
                            return kmon::Result<Network>(network);
                        },
                        [this] {
                            ++route_dumps;
                            return kmon::Result<std::optional<std::string>>(route);
                        }}};
};

TEST_F(KnownNetworkTest, asks_once) {
    for (int i = 0; i < 100; ++i)
        EXPECT_EQ(known.ask(true)->default_route, "eth0");
    EXPECT_EQ(device_dumps, 1);
    EXPECT_EQ(route_dumps, 1);
}

TEST_F(KnownNetworkTest, asks_again_what_may_have_changed) {
    ASSERT_TRUE(known.ask(true));
    route = "eth1";
    known.heard({});
    EXPECT_EQ(known.ask(true)->default_route, "eth0");
    known.heard({.default_route = true});
    EXPECT_EQ(known.ask(true)->default_route, "eth1");
    EXPECT_EQ(device_dumps, 1);
    EXPECT_EQ(route_dumps, 2);
    known.heard({.links = true, .default_route = true});
    ASSERT_TRUE(known.ask(true));
    known.forget();
    ASSERT_TRUE(known.ask(true));
    EXPECT_EQ(device_dumps, 3);
    EXPECT_EQ(route_dumps, 4);
}

TEST_F(KnownNetworkTest, asks_for_the_route_seldom_where_nothing_is_heard) {
    for (int look = 0; look < 600; ++look) {
        ASSERT_TRUE(known.ask(true));
        known.doubt();
    }
    EXPECT_EQ(device_dumps, 600);
    EXPECT_EQ(route_dumps, 10);
}

TEST_F(KnownNetworkTest, asks_for_no_route_that_nobody_follows) {
    known.forget();
    EXPECT_EQ(known.ask(false)->default_route, std::nullopt);
    EXPECT_EQ(route_dumps, 0);
    EXPECT_EQ(known.ask(true)->default_route, "eth0");
    EXPECT_EQ(known.ask(false)->default_route, std::nullopt);
    EXPECT_EQ(route_dumps, 1);
}

TEST_F(KnownNetworkTest, an_alternative_name_outlives_its_device) {
    ASSERT_TRUE(known.ask(false));
    network = {{"lo"}, {}, std::nullopt};
    known.heard({.links = true});
    EXPECT_EQ(known.ask(false)->alternative_names.at("lan"), "eth0");
    const auto watched = kmon::control::watched_interfaces(std::vector<std::string>{"lan"}, known.ask(false).value());
    EXPECT_EQ(kmon::control::interface_to_write(watched, "eth0", true), std::nullopt) << "a reload drops its numbers";

    network = {{"lo", "eth0"}, {}, std::nullopt}; // a different device, which does not have that name
    known.heard({.links = true});
    EXPECT_TRUE(known.ask(false)->alternative_names.empty());
    network = {{"lo", "eth0", "eth1"}, {{"lan", "eth1"}}, std::nullopt};
    known.heard({.links = true});
    EXPECT_EQ(known.ask(false)->alternative_names.at("lan"), "eth1");
}

TEST_F(KnownNetworkTest, what_could_not_be_asked_is_asked_again) {
    bool broken = true;
    KnownNetwork known_later{{[&]() -> kmon::Result<Network> {
                                  if (broken) return kmon::fail("no");
                                  return network;
                              },
                              [this] { return kmon::Result<std::optional<std::string>>(route); }}};
    EXPECT_FALSE(known_later.ask(true));
    broken = false;
    EXPECT_EQ(known_later.ask(true)->default_route, "eth0");
}

TEST(KnownNetwork, other_routes_cost_no_dump) {
    in_netns([] {
        ip("link add left type veth peer name left1");
        ip("link set up left1");
        ip("link set up left");
        ip("route add default dev left");
        auto events = kmon::LinkEvents::open();
        ASSERT_TRUE(events) << events.error().what;
        pollfd waiting{events->fd(), POLLIN, 0};
        while (::poll(&waiting, 1, 500) > 0) // the link comes up a little later
            (void)events->take();
        int route_dumps = 0;
        KnownNetwork known{{kmon::control::ask_devices, [&] {
                                ++route_dumps;
                                return kmon::control::ask_default_route();
                            }}};
        for (int i = 0; i < 100; ++i) {
            ip("route add 198.51." + std::to_string(i) + ".0/24 dev left");
            known.heard(events->take().value());
            EXPECT_EQ(known.ask(true)->default_route, "left");
        }
        EXPECT_EQ(route_dumps, 1);
        ip("route del default");
        known.heard(events->take().value());
        EXPECT_EQ(known.ask(true)->default_route, std::nullopt);
        EXPECT_EQ(route_dumps, 2);
    });
}

} // namespace
