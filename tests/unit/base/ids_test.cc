#include "base/ids.h"

#include <gtest/gtest.h>

#include "fakes/sim_clock.h"

namespace thumbmill {
namespace {

TEST(Ids, AreValidUniqueAndOrderedByTime) {
  SimClock clock;
  const std::string first = new_uuid7(clock);
  const std::string same_moment = new_uuid7(clock);
  clock.advance(std::chrono::milliseconds(1));
  const std::string later = new_uuid7(clock);
  EXPECT_TRUE(is_uuid7(first)) << first;
  EXPECT_NE(first, same_moment);
  EXPECT_LT(first, later);
  EXPECT_LT(same_moment, later);
}

TEST(Ids, TellWhenTheyWereMade) {
  SimClock clock;
  EXPECT_EQ(uuid7_time(new_uuid7(clock)), clock.wall_now());
}

// RFC 9562, appendix A.6.
TEST(Ids, ReadTheStandardsExample) {
  EXPECT_TRUE(is_uuid7("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"));
  EXPECT_EQ(to_unix_ms(uuid7_time(JobId::parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f").value())),
            0x17F22E279B0);
}

TEST(Ids, RefuseEverythingElse) {
  for (const char* bad :
       {"", "017f22e2-79b0-7cc3-98c4-dc0c0c07398", "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
        "017f22e2-79b0-4cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-c8c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398/", "../../etc/passwd-7000-8000-00000000"}) {
    EXPECT_FALSE(is_uuid7(bad)) << bad;
  }
}

TEST(Ids, AreParsedOrNotThere) {
  const std::string text = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
  const std::optional<JobId> id = JobId::parse(text);
  ASSERT_TRUE(id);
  EXPECT_EQ(id->text(), text);
  EXPECT_LT(*id, JobId::parse("017f22e2-79b0-7cc3-98c4-dc0c0c073990"));
  EXPECT_EQ(JobId::parse(text + " "), std::nullopt);
  EXPECT_EQ(JobId::parse("hello"), std::nullopt);
}

TEST(Ids, LowerBoundIsBelowEveryIdOfItsMillisecond) {
  SimClock clock;
  const std::string bound = uuid7_lower_bound(clock.wall_now());
  EXPECT_LE(bound, new_uuid7(clock).text());
  EXPECT_TRUE(is_uuid7(bound));
}

}  // namespace
}  // namespace thumbmill
