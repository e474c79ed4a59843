#include "app/descriptors.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace thumbmill {
namespace {

TEST(Descriptors, AreEnoughForWhatIsWantedWhereTheLimitIsHigh) {
  const DescriptorShares shares = share_descriptors(1 << 20, 4096);
  EXPECT_EQ(shares.connections, 4096U);
  EXPECT_GT(shares.spool_files, 4096U * 32);
}

TEST(Descriptors, NeverAddUpToMoreThanThereAre) {
  for (const std::uint64_t limit : {4U, 64U, 512U, 1024U, 4096U, 20'000U}) {
    const DescriptorShares shares = share_descriptors(limit, 4096);
    EXPECT_GE(shares.connections, 1U) << limit;
    EXPECT_GE(shares.spool_files, shares.connections) << limit;
    EXPECT_LT(shares.connections + shares.spool_files, limit) << limit;
  }
  EXPECT_EQ(share_descriptors(1024, 4096).connections, 384U);
}

TEST(Descriptors, TheLimitIsRaisedAsFarAsItMayBe) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = 100;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(raise_descriptor_limit(), limit.rlim_max);
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(limit.rlim_cur, limit.rlim_max);
}

}  // namespace
}  // namespace thumbmill
