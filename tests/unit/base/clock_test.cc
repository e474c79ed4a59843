#include "base/clock.h"

#include <cstdint>

#include <gtest/gtest.h>

#include "base/hash.h"
#include "base/ids.h"
#include "fakes/sim_clock.h"

namespace thumbmill {
namespace {

TEST(Clock, FormatsInUtcWithMilliseconds) {
  EXPECT_EQ(format_rfc3339(from_unix_ms(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339(from_unix_ms(1'769'850'307'123)), "2026-01-31T09:05:07.123Z");
  EXPECT_EQ(format_rfc3339(from_unix_ms(-1)), "1969-12-31T23:59:59.999Z");
}

TEST(Clock, MillisecondsGoThereAndBack) {
  for (const std::int64_t ms : {0L, 1L, -1L, 1'767'225'600'000L, -62'135'596'8L}) {
    EXPECT_EQ(to_unix_ms(from_unix_ms(ms)), ms);
  }
}

// Stored files and ids made by others may claim any time.
TEST(Clock, TimesOutOfRangeBecomeTheNearest) {
  EXPECT_GT(from_unix_ms(INT64_MAX), from_unix_ms(9'000'000'000'000));
  EXPECT_LT(from_unix_ms(INT64_MIN), from_unix_ms(-9'000'000'000'000));
  EXPECT_EQ(from_unix_ms(to_unix_ms(from_unix_ms(INT64_MAX))), from_unix_ms(INT64_MAX));
  const JobId last = JobId::parse("ffffffff-ffff-7fff-bfff-ffffffffffff").value();
  EXPECT_EQ(uuid7_time(last), from_unix_ms(INT64_MAX));
}

TEST(Clock, NoIdIsBelowTheBoundOfATimeBefore1970) {
  EXPECT_EQ(uuid7_lower_bound(from_unix_ms(-5)), "00000000-0000-7000-8000-000000000000");
}

TEST(Sha256, KnowsTheStandardsVectors) {  // FIPS 180-4 examples
  EXPECT_EQ(to_hex(sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha1_hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

}  // namespace
}  // namespace thumbmill
