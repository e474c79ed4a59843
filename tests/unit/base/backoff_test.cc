#include "base/backoff.h"

#include <algorithm>
#include <climits>

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

using std::chrono::milliseconds;

TEST(Backoff, StaysWithinItsBoundsForEveryAttempt) {
  const Backoff backoff{milliseconds(2'000), milliseconds(300'000)};
  Random random(7);
  for (const int attempt : {1, 2, 3, 5, 8, 9, 31, 64, INT_MAX}) {
    const double doubled = 2'000.0 * static_cast<double>(1LL << std::min(attempt - 1, 30));
    for (int i = 0; i < 1000; ++i) {
      const milliseconds delay = backoff.delay(attempt, random);
      ASSERT_GE(delay.count(), 0) << attempt;
      ASSERT_LE(delay, backoff.cap) << attempt;
      ASSERT_LE(static_cast<double>(delay.count()), doubled) << attempt;
    }
  }
}

// Full jitter: the delays of one attempt fill the whole range and average half of it.
TEST(Backoff, SpreadsOverTheWholeRange) {
  const Backoff backoff{milliseconds(1'000), milliseconds(60'000)};
  Random random(7);
  milliseconds least = milliseconds::max();
  milliseconds most{0};
  milliseconds sum{0};
  for (int i = 0; i < 10'000; ++i) {
    const milliseconds delay = backoff.delay(3, random);
    least = std::min(least, delay);
    most = std::max(most, delay);
    sum += delay;
  }
  EXPECT_LT(least, milliseconds(40));
  EXPECT_GT(most, milliseconds(3'960));
  EXPECT_NEAR(static_cast<double>(sum.count()) / 10'000, 2'000, 50);
}

TEST(Random, TheSameSeedGivesTheSameNumbers) {
  Random one(42);
  Random two(42);
  Random other(43);
  const std::uint64_t first = one.next_u64();
  EXPECT_EQ(first, two.next_u64());
  EXPECT_NE(first, other.next_u64());
  for (int i = 0; i < 1000; ++i) {
    const double unit = one.next_unit();
    EXPECT_TRUE(unit >= 0 && unit < 1) << unit;
  }
}

}  // namespace
}  // namespace thumbmill
