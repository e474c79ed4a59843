// When calls to S3 fail at once.
#include <gtest/gtest.h>

#include "fakes/sim_clock.h"
#include "store/s3/breaker.h"

namespace thumbmill::s3 {
namespace {

class S3BreakerTest : public ::testing::Test {
 protected:
  /// The last change.
  Breaker::Change record(int count, bool failed) {
    Breaker::Change change = Breaker::Change::none;
    for (int i = 0; i < count; ++i) change = breaker_.record(failed);
    return change;
  }

  SimClock clock_;
  Breaker breaker_{clock_};
};

TEST_F(S3BreakerTest, OpensWhenMoreThanHalfOfEnoughCallsFail) {
  EXPECT_EQ(record(19, true), Breaker::Change::none) << "too few to say";
  EXPECT_TRUE(breaker_.allows());
  EXPECT_EQ(record(1, true), Breaker::Change::opened);
  EXPECT_FALSE(breaker_.allows());
}

TEST_F(S3BreakerTest, HalfIsNotMoreThanHalf) {
  record(20, false);
  EXPECT_EQ(record(20, true), Breaker::Change::none);
  EXPECT_EQ(record(1, true), Breaker::Change::opened);
}

TEST_F(S3BreakerTest, OldCallsAreForgotten) {
  record(100, false);
  record(19, true);
  clock_.advance(Breaker::kWindow);
  EXPECT_EQ(record(19, true), Breaker::Change::none);
  EXPECT_EQ(record(1, true), Breaker::Change::opened);
}

TEST_F(S3BreakerTest, OneCallAtATimeLooksWhetherTheServerIsBack) {
  record(20, true);
  clock_.advance(Breaker::kPause);
  EXPECT_TRUE(breaker_.allows());
  EXPECT_FALSE(breaker_.allows());
  EXPECT_EQ(record(1, true), Breaker::Change::none);
  EXPECT_FALSE(breaker_.allows());
  clock_.advance(Breaker::kPause);
  EXPECT_TRUE(breaker_.allows());
  EXPECT_EQ(record(1, false), Breaker::Change::closed);
  EXPECT_TRUE(breaker_.allows());
  EXPECT_EQ(record(19, true), Breaker::Change::none) << "it begins anew";
}

}  // namespace
}  // namespace thumbmill::s3
