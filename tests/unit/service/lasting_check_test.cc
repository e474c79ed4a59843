#include "service/lasting_check.h"

#include <gtest/gtest.h>

#include "fakes/sim_clock.h"

namespace thumbmill {
namespace {

TEST(LastingCheckTest, ASuccessCountsForAWhileAndAFailureNotAtAll) {
  SimClock clock;
  int asked = 0;
  Status answer;
  LastingCheck check(
      [&](const OpContext&) {
        ++asked;
        return answer;
      },
      std::chrono::seconds(30), clock);
  EXPECT_TRUE(check.run({}).ok());
  answer = Status(Code::unavailable, "away");
  clock.advance(std::chrono::milliseconds(29'999));
  EXPECT_TRUE(check.run({}).ok());
  EXPECT_EQ(asked, 1);
  clock.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(check.run({}).code(), Code::unavailable);
  EXPECT_EQ(check.run({}).code(), Code::unavailable);
  EXPECT_EQ(asked, 3);
  answer = Status();
  EXPECT_TRUE(check.run({}).ok());
  EXPECT_TRUE(check.run({}).ok());
  EXPECT_EQ(asked, 4);
}

}  // namespace
}  // namespace thumbmill
