#include "base/address.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

TEST(AddressOfClient, IsASubscribersNetworkInIpv6) {
  EXPECT_EQ(address_of_client("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(address_of_client("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(address_of_client("2001:db8:1:2::1"), address_of_client("2001:db8:1:2:ffff::9"));
  EXPECT_NE(address_of_client("2001:db8:1:2::1"), address_of_client("2001:db8:1:3::1"));
  EXPECT_EQ(address_of_client("fe80::1%eth0"), address_of_client("fe80::2"));
  EXPECT_EQ(address_of_client(""), "");
}

TEST(AddressSet, HoldsAddressesAndNetworksOfBothFamilies) {
  const auto set = AddressSet::parse("192.0.2.7, 10.0.0.0/8,172.16.0.0/12,::1,2001:db8::/33");
  ASSERT_TRUE(set);
  EXPECT_EQ(set->to_string(), "192.0.2.7,10.0.0.0/8,172.16.0.0/12,::1,2001:db8::/33");
  for (const char* inside : {"192.0.2.7", "10.0.0.0", "10.255.255.255", "172.31.9.9", "::1",
                             "2001:db8:7fff::1", "::ffff:10.1.2.3"}) {
    EXPECT_TRUE(set->contains(inside)) << inside;
  }
  for (const char* outside : {"192.0.2.8", "11.0.0.0", "172.32.0.0", "::2", "2001:db8:8000::1",
                              "::10.1.2.3", "", "localhost"}) {
    EXPECT_FALSE(set->contains(outside)) << outside;
  }
}

TEST(AddressSet, EmptyHoldsNothingAndZeroBitsAFamily) {
  EXPECT_FALSE(AddressSet::parse("")->contains("127.0.0.1"));
  EXPECT_TRUE(AddressSet::parse("0.0.0.0/0")->contains("192.0.2.7"));
  EXPECT_FALSE(AddressSet::parse("0.0.0.0/0")->contains("::1"));
  EXPECT_TRUE(AddressSet::parse("::/0")->contains("192.0.2.7"));
}

TEST(AddressSet, RefusesWhatIsNoNetwork) {
  for (const char* text : {"localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "10.1.0.0/8",
                           "::1/129", "10.0.0.1,,::1", "fe80::1%eth0", "10.0.0/8", "::/-1"}) {
    EXPECT_FALSE(AddressSet::parse(text)) << text;
  }
}

}  // namespace
}  // namespace thumbmill
