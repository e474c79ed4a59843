#include "redis/host_lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "silent_name_server.h"

namespace thumbmill {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::chrono::seconds kPatience{60};

TEST(HostLookup, DoesNotWaitForASilentNameServer) {
  SilentNameServer server;
  if (!server.start()) GTEST_SKIP() << "a name server of its own needs root";
  HostLookup lookup;
  for (std::size_t i = 0; i < HostLookup::kMostAbandoned; ++i) {
    const Status status = lookup.find("queue", std::chrono::milliseconds(50)).status();
    EXPECT_EQ(status.code(), Code::unavailable);
    EXPECT_THAT(status.to_string(), HasSubstr("within 50 ms"));
  }
  // From then on it does not even begin.
  EXPECT_THAT(lookup.find("queue", kPatience).status().to_string(), HasSubstr("earlier look-ups"));
  EXPECT_TRUE(lookup.find("127.0.0.1", kPatience).ok());
}

TEST(HostLookup, FindsNamesAndLeavesAddresses) {
  HostLookup lookup;
  EXPECT_THAT(lookup.find("127.0.0.1", kPatience).value(), ElementsAre("127.0.0.1"));
  EXPECT_THAT(lookup.find("2001:db8::1", kPatience).value(), ElementsAre("2001:db8::1"));
  EXPECT_THAT(lookup.find("localhost", kPatience).value(), Contains("127.0.0.1"));
}

}  // namespace
}  // namespace thumbmill
