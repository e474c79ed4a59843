#include <gtest/gtest.h>

#include "store/s3/retry_policy.h"

namespace thumbmill::s3 {
namespace {

using std::chrono::milliseconds;

struct Row {
  int status;
  std::string_view code;
  Fault fault;
};

TEST(RetryClassification, FollowsTheTable) {
  const Row rows[] = {
      {500, "InternalError", Fault::transient},
      {500, "", Fault::transient},
      {502, "", Fault::transient},
      {503, "", Fault::transient},
      {503, "ServiceUnavailable", Fault::transient},
      {504, "", Fault::transient},
      {400, "RequestTimeout", Fault::transient},
      {409, "ConditionalRequestConflict", Fault::transient},
      {200, "InternalError", Fault::transient},
      {503, "SlowDown", Fault::throttling},
      {200, "SlowDown", Fault::throttling},
      {429, "", Fault::throttling},
      {400, "Throttling", Fault::throttling},
      {400, "ThrottlingException", Fault::throttling},
      {400, "ThrottledException", Fault::throttling},
      {403, "RequestTimeTooSkewed", Fault::clock_skew},
      {400, "ExpiredToken", Fault::expired_credentials},
      {400, "", Fault::permanent},
      {403, "AccessDenied", Fault::permanent},
      {403, "SignatureDoesNotMatch", Fault::permanent},
      {404, "NoSuchKey", Fault::permanent},
      {409, "BucketNotEmpty", Fault::permanent},
      {412, "PreconditionFailed", Fault::permanent},
      {301, "PermanentRedirect", Fault::permanent},
      {501, "NotImplemented", Fault::permanent},
  };
  for (const Row& row : rows)
    EXPECT_EQ(classify(row.status, row.code), row.fault) << row.status << " " << row.code;
}

class CallAttemptsTest : public ::testing::Test {
 protected:
  RetryTokens tokens_;
  Random random_{5};
};

TEST_F(CallAttemptsTest, TransientFaultsGetThreeAttemptsWithDoublingBounds) {
  milliseconds most_first{0};
  milliseconds most_second{0};
  for (int i = 0; i < 2'000; ++i) {
    RetryTokens tokens;
    CallAttempts call(tokens, random_);
    const auto first = call.after_failure(Fault::transient);
    const auto second = call.after_failure(Fault::transient);
    ASSERT_TRUE(first && second);
    ASSERT_LT(*first, milliseconds(50));
    ASSERT_LT(*second, milliseconds(100));
    most_first = std::max(most_first, *first);
    most_second = std::max(most_second, *second);
    ASSERT_FALSE(call.after_failure(Fault::transient)) << "a fourth attempt";
    ASSERT_EQ(call.failed(), 3);
  }
  EXPECT_GE(most_first, milliseconds(45));
  EXPECT_GE(most_second, milliseconds(95));
}

TEST_F(CallAttemptsTest, ThrottlingWaitsLonger) {
  milliseconds most_first{0};
  milliseconds most_second{0};
  for (int i = 0; i < 2'000; ++i) {
    RetryTokens tokens;
    CallAttempts call(tokens, random_);
    const auto first = call.after_failure(Fault::throttling);
    const auto second = call.after_failure(Fault::throttling);
    ASSERT_TRUE(first && second);
    ASSERT_LT(*first, milliseconds(1'000));
    ASSERT_LT(*second, milliseconds(2'000));
    most_first = std::max(most_first, *first);
    most_second = std::max(most_second, *second);
    ASSERT_FALSE(call.after_failure(Fault::throttling));
  }
  EXPECT_GE(most_first, milliseconds(900));
  EXPECT_GE(most_second, milliseconds(1'900));
}

TEST_F(CallAttemptsTest, PermanentFaultsGetNoOther) {
  CallAttempts call(tokens_, random_);
  EXPECT_FALSE(call.after_failure(Fault::permanent));
  EXPECT_EQ(tokens_.available(), RetryTokens::kCapacity);
}

TEST_F(CallAttemptsTest, CorrectionsGiveOneAttemptEachForNothing) {
  CallAttempts call(tokens_, random_);
  EXPECT_EQ(call.after_failure(Fault::clock_skew), milliseconds(0));
  EXPECT_EQ(call.after_failure(Fault::expired_credentials), milliseconds(0));
  EXPECT_EQ(tokens_.available(), RetryTokens::kCapacity);
  EXPECT_TRUE(call.after_failure(Fault::transient)) << "still the first of three";
  EXPECT_TRUE(call.after_failure(Fault::transient));
  EXPECT_FALSE(call.after_failure(Fault::transient));
  CallAttempts other(tokens_, random_);
  EXPECT_TRUE(other.after_failure(Fault::clock_skew));
  EXPECT_FALSE(other.after_failure(Fault::clock_skew)) << "corrected already";
}

TEST_F(CallAttemptsTest, TokensAreTakenAndComeBackWithSuccess) {
  CallAttempts transient(tokens_, random_);
  ASSERT_TRUE(transient.after_failure(Fault::transient));
  EXPECT_EQ(tokens_.available(), 500 - 14);
  transient.after_success();
  EXPECT_EQ(tokens_.available(), 500);
  CallAttempts throttled(tokens_, random_);
  ASSERT_TRUE(throttled.after_failure(Fault::throttling));
  ASSERT_TRUE(throttled.after_failure(Fault::throttling));
  EXPECT_EQ(tokens_.available(), 500 - 5 - 5);
  throttled.after_success();
  EXPECT_EQ(tokens_.available(), 500 - 5) << "what the last retry took";
  CallAttempts first_try(tokens_, random_);
  first_try.after_success();
  EXPECT_EQ(tokens_.available(), 500 - 5 + 1);
}

TEST_F(CallAttemptsTest, WithoutTokensCallsFailAtOnceUntilSuccessesFillThem) {
  while (tokens_.take(1)) continue;
  CallAttempts call(tokens_, random_);
  EXPECT_FALSE(call.after_failure(Fault::transient));
  for (int i = 0; i < 13; ++i) CallAttempts(tokens_, random_).after_success();
  EXPECT_FALSE(CallAttempts(tokens_, random_).after_failure(Fault::transient));
  EXPECT_TRUE(CallAttempts(tokens_, random_).after_failure(Fault::throttling));
  EXPECT_EQ(tokens_.available(), 13 - 5);
}

}  // namespace
}  // namespace thumbmill::s3
