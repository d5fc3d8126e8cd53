// SPDX-License-Identifier: GPL-2.0-only
#include "names.hpp"

#include <gtest/gtest.h>

#include "in_netns.hpp"
#include "temp_tree.hpp"

namespace kmon {
namespace {

MacAddress mac(const char* text) { return parse_any_mac(text).value(); }

TEST(MacAddress, IsReadAsPeopleWriteIt) {
    for (const auto* text : {"aa:bb:cc:0d:0e:0f", "AA-BB-CC-0D-0E-0F", "aa:bb:cc:d:e:f"})
        EXPECT_EQ(canonical_mac(text), "aa:bb:cc:0d:0e:0f") << text;
    for (const auto* text : {"", "aa:bb:cc:dd:ee", "aa:bb:cc:dd:ee:ff:00", "aa:bb:cc:dd:ee:fg", "aabbccddeeff",
                             ":::::", "aa:bb:cc:dd:ee:ff ", "aa:bb:cc:dd:ee:1ff", "-1:bb:cc:dd:ee:ff"})
        EXPECT_EQ(canonical_mac(text), std::nullopt) << text;
    EXPECT_TRUE(is_randomised(mac("d6:00:00:00:00:01")));
    EXPECT_FALSE(is_randomised(mac("d4:00:00:00:00:01")));
}

TEST(Names, OfEthers) {
    EXPECT_EQ(parse_ethers("# none\n\naa:bb:cc:dd:ee:1 one # first\nAA:BB:CC:DD:EE:2\ttwo\nnonsense three\n"),
              (NamesByMac{{mac("aa:bb:cc:dd:ee:01"), "one"}, {mac("aa:bb:cc:dd:ee:02"), "two"}}));
}

TEST(Names, OfDnsmasq) {
    EXPECT_EQ(parse_dnsmasq_leases("1800000000 aa:bb:cc:dd:ee:01 10.0.0.5 printer.lan 01:aa\n"
                                   "1800000000 aa:bb:cc:dd:ee:02 10.0.0.6 * *\n"
                                   "duid 00:01:00:01\nbroken\n"),
              (NamesByMac{{mac("aa:bb:cc:dd:ee:01"), "printer"}}));
}

TEST(Names, OfIsc) {
    EXPECT_EQ(
        parse_isc_leases("lease 10.0.0.5 {\n  starts 4 2027/01/14 08:00:00;\n  hardware ethernet aa:bb:cc:dd:ee:01;\n"
                         "  client-hostname \"nas\";\n}\nlease 10.0.0.6 {\n  client-hostname \"nobody\";\n}\n"
                         "lease 10.0.0.7 {\n  hardware ethernet aa:bb:cc:dd:ee:02;\n}\n"),
        (NamesByMac{{mac("aa:bb:cc:dd:ee:01"), "nas"}}));
}

TEST(Names, OfKea) {
    EXPECT_EQ(
        parse_kea_leases("address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state\n"
                         "10.0.0.5,aa:bb:cc:dd:ee:01,,3600,1800000000,1,0,0,tv.lan.,0\n"
                         "10.0.0.6,aa:bb:cc:dd:ee:02,,3600,1800000000,1,0,0,,0\n10.0.0.7\n"),
        (NamesByMac{{mac("aa:bb:cc:dd:ee:01"), "tv"}}));
    EXPECT_TRUE(parse_kea_leases("").empty());
}

TEST(Names, TheConfigurationComesFirstAndEachFileMayBeMissing) {
    const test::TempTree tree;
    EXPECT_TRUE(device_names(tree.root()).empty());
    tree.write("etc/kmon.toml", "[devices]\n\"AA-BB-CC-DD-EE-01\" = \"mine\"\n");
    tree.write("etc/ethers", "aa:bb:cc:dd:ee:01 ethers\naa:bb:cc:dd:ee:02 ethers\n");
    tree.write("var/lib/misc/dnsmasq.leases",
               "1 aa:bb:cc:dd:ee:02 10.0.0.1 dhcp *\n1 aa:bb:cc:dd:ee:03 10.0.0.1 dhcp *\n");
    EXPECT_EQ(device_names(tree.root()), (NamesByMac{{mac("aa:bb:cc:dd:ee:01"), "mine"},
                                                     {mac("aa:bb:cc:dd:ee:02"), "ethers"},
                                                     {mac("aa:bb:cc:dd:ee:03"), "dhcp"}}));
    tree.write("etc/kmon.toml", "[nonsense\n");
    EXPECT_EQ(device_names(tree.root()).at(mac("aa:bb:cc:dd:ee:01")), "ethers");
}

TEST(Names, AConfigurationThatNamesNoMacAddressIsRefused) {
    const test::TempTree tree;
    tree.write("etc/kmon.toml", "[devices]\nprinter = \"aa:bb:cc:dd:ee:ff\"\n\"aa:bb:cc:dd:ee:ff\" = 3\n");
    const auto reading = read_config(tree.root());
    ASSERT_EQ(reading.problems.size(), 2U);
    EXPECT_EQ(reading.problems[0].line, 2U);
    EXPECT_NE(reading.problems[0].text().find("\"printer\" is not a MAC address; allowed: \"aa:bb:cc:dd:ee:ff\" = "),
              std::string::npos)
        << reading.problems[0].text();
    EXPECT_NE(reading.problems[1].text().find("expected a name, found a number"), std::string::npos);
}

TEST(Names, VendorsAreThoseOfIeeeDataButOfNoAddressThatWasMadeUp) {
    const test::TempTree tree;
    tree.write("usr/share/ieee-data/oui.txt",
               "OUI/MA-L  Organization\r\n28-6F-B9   (hex)\t\tNokia Shanghai Bell Co., Ltd.\r\n"
               "286FB9     (base 16)\t\tNokia\r\nD6-00-00   (hex)\t\tNobody\r\n");
    EXPECT_EQ(vendors(tree.root(), {mac("28:6f:b9:01:02:03"), mac("d6:00:00:01:02:03"), mac("00:11:22:33:44:55")}),
              (NamesByMac{{mac("28:6f:b9:01:02:03"), "Nokia Shanghai Bell Co., Ltd."}}));
    EXPECT_TRUE(vendors(test::TempTree().root(), {mac("28:6f:b9:01:02:03")}).empty());
}

TEST(Names, NeighboursHaveTheirAddressesAndIPv4ComesFirst) {
    test::in_netns([] {
        test::ip("link set lo up");
        test::ip("link add v0 type veth peer name v1");
        test::ip("link set v0 up && ip link set v1 up");
        test::ip("neigh add 10.9.8.7 lladdr 28:6f:b9:00:00:01 dev v0 nud permanent");
        test::ip("-6 neigh add 2001:db8::7 lladdr 28:6f:b9:00:00:01 dev v0 nud permanent");
        test::ip("-6 neigh add 2001:db8::8 lladdr 28:6f:b9:00:00:02 dev v0 nud permanent");
        const auto found = neighbours();
        EXPECT_EQ(found.at(mac("28:6f:b9:00:00:01")), "10.9.8.7");
        EXPECT_EQ(found.at(mac("28:6f:b9:00:00:02")), "2001:db8::8");
    });
}

} // namespace
} // namespace kmon
