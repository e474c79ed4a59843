#include "api/rate_limit.h"

#include <deque>

#include <gtest/gtest.h>

#include "base/random.h"
#include "fakes/sim_clock.h"

namespace thumbmill {
namespace {

using namespace std::chrono_literals;

class RateLimiterTest : public testing::Test {
 protected:
  bool allowed(std::string_view client, const RateLimit& limit) {
    return limiter_.take(client, limit).allowed;
  }
  int allowed_of(int requests, std::string_view client, const RateLimit& limit) {
    int count = 0;
    for (int i = 0; i < requests; ++i) count += allowed(client, limit) ? 1 : 0;
    return count;
  }

  SimClock clock_;
  RateLimiter limiter_{clock_};
};

TEST_F(RateLimiterTest, GivesABurstAndThenTheRate) {
  const RateLimit limit{2, 5};
  EXPECT_EQ(allowed_of(20, "a", limit), 5);
  clock_.advance(499ms);
  EXPECT_EQ(allowed_of(5, "a", limit), 0);
  clock_.advance(1ms);
  EXPECT_EQ(allowed_of(5, "a", limit), 1);
  clock_.advance(1h);
  EXPECT_EQ(allowed_of(20, "a", limit), 5);
}

TEST_F(RateLimiterTest, SaysWhatIsLeftAndWhenToComeBack) {
  const RateLimit limit{1, 2};
  RateVerdict verdict = limiter_.take("a", limit);
  EXPECT_EQ(verdict.remaining, 1U);
  EXPECT_EQ(verdict.until_allowed, 0s);
  EXPECT_EQ(verdict.until_full, 1s);
  verdict = limiter_.take("a", limit);
  EXPECT_TRUE(verdict.allowed);
  EXPECT_EQ(verdict.remaining, 0U);
  EXPECT_EQ(verdict.until_allowed, 1s);
  verdict = limiter_.take("a", limit);
  EXPECT_FALSE(verdict.allowed);
  EXPECT_EQ(verdict.until_full, 2s);
}

TEST_F(RateLimiterTest, TakesAllThatIsWantedOrNothing) {
  const RateLimit limit{10, 100};
  EXPECT_TRUE(limiter_.take("a", limit, 60).allowed);
  RateVerdict verdict = limiter_.take("a", limit, 50);
  EXPECT_FALSE(verdict.allowed);
  EXPECT_EQ(verdict.remaining, 40U);
  EXPECT_EQ(verdict.until_allowed, 1s);
  EXPECT_TRUE(limiter_.take("a", limit, 40).allowed);
  verdict = limiter_.take("a", limit, 101);
  EXPECT_FALSE(verdict.allowed);
  EXPECT_EQ(verdict.until_allowed, 10s) << "never, so that the full bucket is the last hope";
  clock_.advance(1h);
  EXPECT_FALSE(limiter_.take("a", limit, 101).allowed);
  EXPECT_TRUE(limiter_.take("a", limit, 100).allowed);
}

TEST_F(RateLimiterTest, CountsBytesOfLargeBodiesExactly) {
  constexpr std::uint64_t kGiB = 1ull << 30;
  const RateLimit limit{600'000'000, 64 * kGiB};
  EXPECT_TRUE(limiter_.take("a", limit, 64 * kGiB).allowed);
  EXPECT_FALSE(limiter_.take("a", limit, 1000).allowed);
  clock_.advance(1s);
  EXPECT_EQ(limiter_.take("a", limit, 1).remaining, 599'999'999U);
  const RateLimit slow{1, 1024 * kGiB};
  EXPECT_TRUE(limiter_.take("b", slow, 900 * kGiB).allowed) << "thousands of years' worth";
}

TEST_F(RateLimiterTest, ClientsDoNotShareABucket) {
  const RateLimit limit{1, 1};
  EXPECT_TRUE(allowed("a", limit));
  EXPECT_TRUE(allowed("b", limit));
  EXPECT_FALSE(allowed("a", limit));
}

TEST_F(RateLimiterTest, ALimitThatIsLoweredHoldsAtOnceAndNoLongerThanItsOwnBucket) {
  EXPECT_EQ(allowed_of(1000, "a", {10, 1000}), 1000);
  EXPECT_FALSE(allowed("a", {10, 10}));
  clock_.advance(1s);
  EXPECT_EQ(allowed_of(20, "a", {10, 10}), 10);
}

TEST_F(RateLimiterTest, WithoutABurstOfItsOwnItIsTenSecondsWorth) {
  EXPECT_EQ(allowed_of(100, "a", {3, 0}), 30);
}

TEST_F(RateLimiterTest, RemembersNoMoreThanItMayAndForgetsTheRested) {
  RateLimiter small(clock_, 3);
  for (char client = 'a'; client <= 'z'; ++client) small.take(std::string(1, client), {1, 1});
  EXPECT_EQ(small.size(), 3U);
  EXPECT_FALSE(small.take("z", {1, 1}).allowed);
  clock_.advance(1s);
  small.take("new", {1, 1});
  small.take("newer", {1, 1});
  EXPECT_EQ(small.size(), 2U);
}

// In no stretch of time does a client get more than the burst and the rate's worth of that time,
// and whoever keeps to the rate is never refused.
TEST(RateLimiterProperty, NeverGivesMoreThanTheBucketHoldsNorLess) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (int round = 0; round < 50; ++round) {
    SimClock clock;
    RateLimiter limiter(clock);
    const RateLimit limit{1 + random.next_u64() % 50, 1 + random.next_u64() % 100};
    std::deque<SteadyTime> given;
    for (int i = 0; i < 2000; ++i) {
      clock.advance(std::chrono::milliseconds(random.next_u64() % 60));
      if (limiter.take("a", limit).allowed) given.push_back(clock.now());
    }
    for (std::size_t first = 0; first < given.size(); first += 37) {
      for (std::size_t last = first; last < given.size(); last += 11) {
        const double seconds = std::chrono::duration<double>(given[last] - given[first]).count();
        // Intervals are whole nanoseconds, rounded down: by 50 a second a part in 10^7 at most.
        const double most = double(limit.burst) + seconds * double(limit.per_second) * 1.000001;
        ASSERT_LE(double(last - first + 1), most + 1e-6);
      }
    }
    const auto pace = std::chrono::milliseconds(1000 / limit.per_second + 1);
    clock.advance(std::chrono::hours(1));
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(limiter.take("a", limit).allowed);
      clock.advance(pace);
    }
  }
}

TEST(RateFields, AreStructuredFieldsOfTheDraft) {
  HttpFields fields;
  const RateReport refusal{
      "requests",
      "",
      {10, 25},
      {.allowed = false, .remaining = 0, .until_full = 2500ms, .until_allowed = 100ms}};
  add_rate_fields({refusal}, fields);
  EXPECT_EQ(fields.get("RateLimit-Policy"), "\"requests\";q=25;w=3");
  EXPECT_EQ(fields.get("RateLimit"), "\"requests\";r=0;t=3");
  EXPECT_EQ(fields.get("Retry-After"), "1");
  const RateReport bytes{"bytes", "content-bytes", {1, 100}, {.remaining = 24}};
  HttpFields both;
  add_rate_fields({refusal, bytes}, both);
  EXPECT_EQ(both.get("RateLimit-Policy"),
            "\"requests\";q=25;w=3, \"bytes\";q=100;w=100;qu=\"content-bytes\"");
  EXPECT_EQ(both.get("RateLimit"), "\"requests\";r=0;t=3, \"bytes\";r=24;t=0");
  EXPECT_EQ(both.get("Retry-After"), "1");
  HttpFields allowed;
  add_rate_fields({bytes}, allowed);
  EXPECT_EQ(allowed.get("Retry-After"), std::nullopt);
  HttpFields none;
  add_rate_fields({}, none);
  EXPECT_TRUE(none.all().empty());
}

}  // namespace
}  // namespace thumbmill
