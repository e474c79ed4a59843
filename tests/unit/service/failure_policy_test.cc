#include "service/failure_policy.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

using enum FailureSource;

constexpr FailureLimits kLimits{
    .max_attempts = 5, .max_decoder_crashes = 2, .give_up_after = std::chrono::hours(24)};

struct Row {
  FailedTry failed;
  Verdict verdict;
};

constexpr std::chrono::hours kYoung{1};
constexpr std::chrono::hours kOld{25};

TEST(FailurePolicy, FollowsTheTable) {
  const Row rows[] = {
      {{decoder, Code::unsupported, 1, Code::ok, kYoung}, Verdict::fail},
      {{decoder, Code::too_large, 1, Code::ok, kYoung}, Verdict::fail},
      {{decoder, Code::corrupt_input, 1, Code::ok, kYoung}, Verdict::fail},
      {{decoder, Code::invalid_argument, 1, Code::ok, kYoung}, Verdict::fail},
      {{decoder, Code::decoder_crashed, 1, Code::ok, kYoung}, Verdict::retry_counted},
      {{decoder, Code::deadline_exceeded, 1, Code::ok, kYoung}, Verdict::retry_counted},
      {{decoder, Code::decoder_crashed, 2, Code::deadline_exceeded, kYoung}, Verdict::fail},
      {{decoder, Code::decoder_crashed, 2, Code::internal, kYoung}, Verdict::retry_counted},
      {{decoder, Code::decoder_crashed, 5, Code::internal, kYoung}, Verdict::fail},
      {{decoder, Code::exhausted, 5, Code::ok, kYoung}, Verdict::retry_free},
      {{decoder, Code::unavailable, 1, Code::ok, kOld}, Verdict::fail},
      {{decoder, Code::internal, 4, Code::internal, kYoung}, Verdict::retry_counted},
      {{decoder, Code::internal, 5, Code::internal, kYoung}, Verdict::fail},
      {{decoder, Code::cancelled, 5, Code::ok, kOld}, Verdict::hand_back},
      {{infrastructure, Code::unavailable, 5, Code::ok, kYoung}, Verdict::retry_free},
      {{infrastructure, Code::exhausted, 1, Code::ok, kYoung}, Verdict::retry_free},
      {{infrastructure, Code::deadline_exceeded, 2, Code::decoder_crashed, kYoung},
       Verdict::retry_free},
      {{infrastructure, Code::unavailable, 1, Code::ok, kOld}, Verdict::fail},
      {{infrastructure, Code::cancelled, 1, Code::ok, kYoung}, Verdict::hand_back},
      {{infrastructure, Code::invalid_argument, 1, Code::ok, kYoung}, Verdict::retry_counted},
      {{infrastructure, Code::invalid_argument, 5, Code::ok, kYoung}, Verdict::fail},
      {{job, Code::corrupt_input, 1, Code::ok, kYoung}, Verdict::fail},
      {{job, Code::unavailable, 1, Code::ok, kYoung}, Verdict::fail},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(judge(row.failed, kLimits), row.verdict)
        << code_name(row.failed.code) << ", attempt " << row.failed.attempt << ", after "
        << code_name(row.failed.last_failure);
  }
}

// Each costs a worker the whole time again; over decoder-cpu-time is too_large, and final at once.
TEST(FailurePolicy, AnImageIsGivenItsTimeTwiceHoweverManyCrashesAreAllowed) {
  FailureLimits limits = kLimits;
  limits.max_decoder_crashes = 5;
  const auto timed_out = [&](int attempt, Code before) {
    return judge({decoder, Code::deadline_exceeded, attempt, before, kYoung}, limits);
  };
  EXPECT_EQ(timed_out(1, Code::ok), Verdict::retry_counted);
  EXPECT_EQ(timed_out(2, Code::deadline_exceeded), Verdict::fail);
  EXPECT_EQ(timed_out(2, Code::decoder_crashed), Verdict::fail);
  EXPECT_EQ(timed_out(2, Code::ok), Verdict::retry_counted) << "its first try was interrupted";
  EXPECT_EQ(judge({decoder, Code::decoder_crashed, 4, Code::decoder_crashed, kYoung}, limits),
            Verdict::retry_counted);
  limits.max_decoder_crashes = 1;
  EXPECT_EQ(timed_out(1, Code::ok), Verdict::fail);
}

TEST(FailurePolicy, OneCrashIsEnoughWhenOnlyOneIsAllowed) {
  FailureLimits limits = kLimits;
  limits.max_decoder_crashes = 1;
  EXPECT_EQ(judge({decoder, Code::decoder_crashed, 1, Code::ok, kYoung}, limits), Verdict::fail);
}

}  // namespace
}  // namespace thumbmill
