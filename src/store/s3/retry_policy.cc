#include "store/s3/retry_policy.h"

#include <algorithm>
#include <array>

namespace thumbmill::s3 {
namespace {

using std::chrono::milliseconds;

constexpr int kAttempts = 3;
constexpr milliseconds kTransientBase{50};
constexpr milliseconds kThrottlingBase{1'000};
constexpr milliseconds kLongestDelay{20'000};
constexpr int kTransientCost = 14;
constexpr int kThrottlingCost = 5;
constexpr int kFirstTryReward = 1;

struct CodeFault {
  std::string_view code;
  Fault fault;
};

// The S3 API Reference, "Error responses", and the AWS SDKs' "Retry behavior".
constexpr std::array kCodeFaults{
    CodeFault{"SlowDown", Fault::throttling},
    CodeFault{"RequestLimitExceeded", Fault::throttling},
    CodeFault{"TooManyRequestsException", Fault::throttling},
    CodeFault{"BandwidthLimitExceeded", Fault::throttling},
    CodeFault{"RequestTimeout", Fault::transient},
    CodeFault{"RequestTimeoutException", Fault::transient},
    CodeFault{"InternalError", Fault::transient},
    CodeFault{"ServiceUnavailable", Fault::transient},
    CodeFault{"ConditionalRequestConflict", Fault::transient},
    CodeFault{"OperationAborted", Fault::transient},
    CodeFault{"RequestTimeTooSkewed", Fault::clock_skew},
    CodeFault{"RequestExpired", Fault::clock_skew},
    CodeFault{"ExpiredToken", Fault::expired_credentials},
    CodeFault{"ExpiredTokenException", Fault::expired_credentials},
    CodeFault{"TokenRefreshRequired", Fault::expired_credentials},
};

}  // namespace

Fault classify(int status, std::string_view code) {
  for (const CodeFault& entry : kCodeFaults) {
    if (code == entry.code) return entry.fault;
  }
  if (code.starts_with("Throttl") || status == 429) return Fault::throttling;
  if (status == 500 || status == 502 || status == 503 || status == 504) return Fault::transient;
  return Fault::permanent;
}

bool RetryTokens::take(int tokens) {
  const std::lock_guard lock(mutex_);
  if (available_ < tokens) return false;
  available_ -= tokens;
  return true;
}

void RetryTokens::give_back(int tokens) {
  const std::lock_guard lock(mutex_);
  available_ = std::min(kCapacity, available_ + tokens);
}

int RetryTokens::available() const {
  const std::lock_guard lock(mutex_);
  return available_;
}

std::optional<milliseconds> CallAttempts::after_failure(Fault fault) {
  ++failed_;
  if (fault == Fault::permanent) return std::nullopt;
  if (fault == Fault::clock_skew || fault == Fault::expired_credentials) {
    bool& done = fault == Fault::clock_skew ? corrected_clock_ : refreshed_;
    if (done) return std::nullopt;
    done = true;
    return milliseconds(0);
  }
  if (retries_ + 1 == kAttempts) return std::nullopt;
  const bool throttled = fault == Fault::throttling;
  const int cost = throttled ? kThrottlingCost : kTransientCost;
  if (!tokens_.take(cost)) return std::nullopt;
  last_cost_ = cost;
  const milliseconds base = throttled ? kThrottlingBase : kTransientBase;
  const auto bound = std::min(kLongestDelay, base * (1 << retries_));
  ++retries_;
  return milliseconds(
      static_cast<long long>(random_.next_unit() * static_cast<double>(bound.count())));
}

void CallAttempts::after_success() {
  tokens_.give_back(retries_ == 0 ? kFirstTryReward : last_cost_);
}

}  // namespace thumbmill::s3
