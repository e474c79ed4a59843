#include "base/clock.h"

#include <cstdint>

#include <gtest/gtest.h>

#include "base/hash.h"
#include "base/ids.h"
#include "base/utf8.h"
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

struct Utf8Case {
  std::string_view text;
  std::size_t length;
  std::uint32_t point;
};

TEST(Utf8, TakesTheShortestFormOfScalarValuesOnly) {  // RFC 3629, section 4
  for (const Utf8Case& good :
       {Utf8Case{"a", 1, 'a'}, Utf8Case{"\x7f", 1, 0x7f}, Utf8Case{"\xc2\x80", 2, 0x80},
        Utf8Case{"\xdf\xbf", 2, 0x7ff}, Utf8Case{"\xe0\xa0\x80", 3, 0x800},
        Utf8Case{"\xed\x9f\xbf", 3, 0xd7ff}, Utf8Case{"\xee\x80\x80", 3, 0xe000},
        Utf8Case{"\xef\xbf\xbf", 3, 0xffff}, Utf8Case{"\xf0\x90\x80\x80", 4, 0x10000},
        Utf8Case{"\xf4\x8f\xbf\xbf", 4, 0x10ffff}}) {
    std::uint32_t point = 0;
    EXPECT_EQ(decode_utf8(good.text, point), good.length);
    EXPECT_EQ(point, good.point);
    EXPECT_EQ(decode_utf8(std::string(good.text) + "tail", point), good.length);
  }
  for (const std::string_view bad :
       {"\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc2", "\xe2\x82", "\xc2z"}) {
    std::uint32_t point = 0;
    EXPECT_EQ(decode_utf8(bad, point), 0u) << ::testing::PrintToString(bad);
  }
}

}  // namespace
}  // namespace thumbmill
