// SPDX-License-Identifier: GPL-2.0-only
#include "links.hpp"

#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "in_netns.hpp"
#include "links_parse.hpp"

namespace {

using kmon::Bytes;
using kmon::test::in_netns;
using kmon::test::ip;

// The payload of a message, built as the kernel does.
class Message {
public:
    template <class Header>
    explicit Message(const Header& header) {
        append(&header, sizeof header);
    }

    Message& attribute(std::uint16_t type, const void* value, std::size_t length) {
        const nlattr head{static_cast<std::uint16_t>(sizeof(nlattr) + length), type};
        append(&head, sizeof head);
        append(value, length);
        bytes_.resize((bytes_.size() + 3) / 4 * 4);
        return *this;
    }
    template <class T>
    Message& attribute(std::uint16_t type, const T& value) {
        return attribute(type, &value, sizeof value);
    }
    Message& attribute(std::uint16_t type, const std::string& text) {
        return attribute(type, text.c_str(), text.size() + 1);
    }

    Bytes bytes() const { return bytes_; }

private:
    void append(const void* data, std::size_t length) {
        // Not insert(): when optimizing, GCC 12 warns of an overflow that does not exist.
        std::copy_n(static_cast<const std::byte*>(data), length, std::back_inserter(bytes_));
    }

    std::vector<std::byte> bytes_;
};

Message eth0_message() {
    ifinfomsg info{};
    info.ifi_index = 7;
    rtnl_link_stats64 stats{};
    stats.rx_bytes = 5'000'000'000;
    stats.tx_dropped = 3;
    Message message(info);
    message.attribute(IFLA_IFNAME, "eth0").attribute(IFLA_STATS64, stats);
    return message;
}

TEST(Links, a_message_becomes_a_device) {
    const auto message = eth0_message();
    const auto link = kmon::parse_link(message.bytes());
    ASSERT_TRUE(link);
    EXPECT_EQ(link->index, 7);
    EXPECT_EQ(link->name, "eth0");
    EXPECT_FALSE(link->loopback);
    EXPECT_EQ(link->stats.rx_bytes, 5'000'000'000U);
    EXPECT_EQ(link->stats.tx_dropped, 3U);
    EXPECT_EQ(link->stats.tx_bytes, 0U);
}

TEST(Links, a_message_that_is_cut_anywhere_is_no_device) {
    const auto message = eth0_message();
    const Bytes whole = message.bytes();
    for (std::size_t length = 0; length < whole.size(); ++length)
        EXPECT_FALSE(kmon::parse_link(whole.first(length))) << length << " bytes of " << whole.size();
}

TEST(Links, an_attribute_of_no_length_ends_the_message) {
    Message message(ifinfomsg{});
    const nlattr nothing{0, IFLA_IFNAME};
    message.attribute(IFLA_IFNAME, "eth0");
    auto bytes = std::vector(message.bytes().begin(), message.bytes().end());
    std::ranges::copy(std::as_bytes(std::span(&nothing, 1)), bytes.begin() + sizeof(ifinfomsg));
    EXPECT_FALSE(kmon::parse_link(bytes));
}

TEST(Links, statistics_of_an_older_kernel_are_shorter) {
    const std::array<std::uint64_t, 8> few{1, 2, 3, 4, 5, 6, 7, 8};
    Message message(ifinfomsg{});
    message.attribute(IFLA_IFNAME, "a").attribute(IFLA_STATS64, few);
    const auto link = kmon::parse_link(message.bytes());
    ASSERT_TRUE(link);
    EXPECT_EQ(link->stats.rx_packets, 1U);
    EXPECT_EQ(link->stats.tx_dropped, 8U);
}

Message default_route(int interface, std::uint32_t metric, rtmsg head = {}) {
    if (head.rtm_type == 0) head.rtm_type = RTN_UNICAST;
    head.rtm_table = RT_TABLE_MAIN;
    Message message(head);
    message.attribute(RTA_OIF, interface).attribute(RTA_PRIORITY, metric);
    return message;
}

TEST(Links, only_a_usable_default_route_of_the_main_table_counts) {
    const auto route = kmon::parse_default_route(default_route(4, 100).bytes());
    ASSERT_TRUE(route);
    EXPECT_EQ(route->interface, 4);
    EXPECT_EQ(route->metric, 100U);

    rtmsg head{};
    head.rtm_dst_len = 24;
    EXPECT_FALSE(kmon::parse_default_route(default_route(4, 100, head).bytes()));
    head = {};
    head.rtm_type = RTN_UNREACHABLE;
    EXPECT_FALSE(kmon::parse_default_route(default_route(4, 100, head).bytes()));
    head = {};
    head.rtm_flags = RTNH_F_LINKDOWN;
    EXPECT_FALSE(kmon::parse_default_route(default_route(4, 100, head).bytes()));
    EXPECT_FALSE(kmon::parse_default_route(default_route(4, 100).attribute(RTA_TABLE, std::uint32_t{1000}).bytes()));
    EXPECT_FALSE(kmon::parse_default_route(default_route(0, 100).bytes()));
    EXPECT_FALSE(kmon::parse_default_route(Bytes{}));
}

TEST(Links, of_several_next_hops_the_first_that_works_counts) {
    const std::array<rtnexthop, 2> hops{{{sizeof(rtnexthop), RTNH_F_DEAD, 0, 4}, {sizeof(rtnexthop), 0, 0, 5}}};
    rtmsg head{};
    head.rtm_table = RT_TABLE_MAIN;
    head.rtm_type = RTN_UNICAST;
    Message message(head);
    const auto route = kmon::parse_default_route(message.attribute(RTA_MULTIPATH, hops).bytes());
    ASSERT_TRUE(route);
    EXPECT_EQ(route->interface, 5);
}

// --- against the kernel

std::string default_interface() {
    auto links = kmon::Links::open();
    if (!links) return links.error().what;
    const auto interface = links->default_route_interface();
    return interface ? interface->value_or("none") : interface.error().what;
}

TEST(Links, lists_what_there_is_in_the_order_of_the_index) {
    in_netns([] {
        ip("link set lo up");
        ip("link add zulu index 900 type veth peer name alpha index 30");
        auto links = kmon::Links::open();
        ASSERT_TRUE(links) << links.error().what;
        const auto list = links->list();
        ASSERT_TRUE(list) << list.error().what;
        std::string names;
        for (const auto& link : *list) {
            if (link.index == 1 || link.index == 30 || link.index == 900) names += link.name + " ";
            EXPECT_EQ(link.loopback, link.name == "lo");
        }
        EXPECT_EQ(names, "lo alpha zulu ");
    });
}

TEST(Links, lists_alternative_names) {
    in_netns([] {
        ip("link add left type veth peer name left1");
        ip("link property add dev left altname quite-a-long-name-for-an-interface altname other");
        auto links = kmon::Links::open();
        ASSERT_TRUE(links) << links.error().what;
        const auto list = links->list();
        ASSERT_TRUE(list) << list.error().what;
        std::string names;
        for (const auto& link : *list)
            for (const auto& name : link.alternative_names)
                names += link.name + "=" + name + " ";
        EXPECT_EQ(names, "left=quite-a-long-name-for-an-interface left=other ");
    });
}

TEST(Links, finds_the_default_route_of_the_lowest_metric_first_of_ipv4) {
    in_netns([] {
        ip("link add left type veth peer name left1");
        ip("link add right type veth peer name right1");
        for (const char* const link : {"left", "left1", "right", "right1"})
            ip(std::string("link set up ") + link);
        EXPECT_EQ(default_interface(), "none");
        ip("-6 route add default dev right metric 1");
        EXPECT_EQ(default_interface(), "right");
        ip("route add default dev left metric 200");
        EXPECT_EQ(default_interface(), "left") << "IPv4 goes first";
        ip("route add default dev right metric 100");
        EXPECT_EQ(default_interface(), "right");
        ip("route add default dev left table 77");
        ip("link set right down");
        EXPECT_EQ(default_interface(), "left");
        ip("link del left");
        EXPECT_EQ(default_interface(), "none") << "IPv6's went when right went down";
    });
}

using Changes = kmon::LinkEvents::Changes;

constexpr Changes nothing{};
constexpr Changes links_and_route{true, true};
constexpr Changes route_alone{false, true};

TEST(LinkEvents, tells_once_of_what_changed) {
    in_netns([] {
        auto events = kmon::LinkEvents::open();
        ASSERT_TRUE(events) << events.error().what;
        EXPECT_EQ(events->take().value(), nothing);
        ip("link add left type veth peer name left1");
        EXPECT_EQ(events->take().value(), links_and_route);
        EXPECT_EQ(events->take().value(), nothing);
        ip("link set up left");
        ip("link set up left1");
        EXPECT_EQ(events->take().value(), links_and_route);
    });
}

TEST(LinkEvents, tells_of_the_default_route_and_of_no_other) {
    in_netns([] {
        auto events = kmon::LinkEvents::open();
        ASSERT_TRUE(events) << events.error().what;
        ip("link add left type veth peer name left1");
        ip("link set up left1");
        ip("link set up left");
        ip("address add 192.0.2.1/24 dev left");
        pollfd waiting{events->fd(), POLLIN, 0};
        while (::poll(&waiting, 1, 500) > 0) // the link comes up a little later
            (void)events->take();
        ip("route add 198.51.100.0/24 dev left");
        ip("-6 route add 2001:db8:1::/48 dev left metric 5");
        ip("route add default dev left table 77");
        ip("route del 198.51.100.0/24");
        EXPECT_EQ(events->take().value(), nothing);
        ip("route add 198.51.100.0/24 dev left");
        ip("-6 route del 2001:db8:1::/48 dev left");
        EXPECT_EQ(::poll(&waiting, 1, 0), 0) << "kmond wakes up for it";
        EXPECT_EQ(events->take().value(), nothing);
        ip("route add default dev left");
        EXPECT_EQ(events->take().value(), route_alone);
        ip("route del default");
        EXPECT_EQ(events->take().value(), route_alone);
        ip("-6 route add default dev left metric 5");
        EXPECT_EQ(events->take().value(), route_alone);
        ip("route add default dev left src 192.0.2.1");
        (void)events->take();
        ip("address del 192.0.2.1/24 dev left");
        EXPECT_EQ(default_interface(), "left") << "IPv6's";
        EXPECT_EQ(events->take().value(), route_alone) << "the route went with its address";
    });
}

TEST(LinkEvents, more_than_the_socket_holds_is_a_change_too) {
    in_netns([] {
        auto events = kmon::LinkEvents::open();
        ASSERT_TRUE(events) << events.error().what;
        const int smallest = 1;
        ASSERT_EQ(::setsockopt(events->fd(), SOL_SOCKET, SO_RCVBUF, &smallest, sizeof smallest), 0);
        for (int i = 0; i < 10; ++i)
            ip("link add left" + std::to_string(i) + " type veth peer name right" + std::to_string(i));
        const auto changed = events->take();
        ASSERT_TRUE(changed) << changed.error().what;
        EXPECT_EQ(*changed, links_and_route);
        EXPECT_EQ(events->take().value(), nothing);
        ip("link del left0");
        EXPECT_EQ(events->take().value(), links_and_route) << "it goes on after the loss";
    });
}

} // namespace
