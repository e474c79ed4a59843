// When a failed request is worth another attempt, and after what delay: the "standard" retry mode
// of the AWS SDKs, as docs/delivery.md and docs/s3.md state it. Pure decisions: it neither sends
// nor waits. Internal to store/s3.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string_view>

#include "base/random.h"

namespace thumbmill::s3 {

/// What a failure means for another attempt.
enum class Fault {
  permanent,            ///< repeating changes nothing
  transient,            ///< the connection broke, a time-out, the server's own trouble
  throttling,           ///< the server asks for less
  clock_skew,           ///< signed with a wrong time; good after a correction
  expired_credentials,  ///< good after a refresh
};

/// The fault in an answer with this status and S3 error code (empty when the answer has no body).
/// `status` is >= 300, or any when `code` is that of an error in a successful answer's body.
Fault classify(int status, std::string_view code);

/// How many retries an endpoint's callers may have between them: when most calls fail, retries
/// would only add to its trouble. Thread-safe.
class RetryTokens {
 public:
  static constexpr int kCapacity = 500;

  /// Takes tokens; false when there are not enough.
  bool take(int tokens);
  void give_back(int tokens);
  int available() const;

 private:
  mutable std::mutex mutex_;
  int available_ = kCapacity;  // guarded by mutex_
};

/// The attempts of one call. One thread at a time; the tokens and the random numbers outlive it.
class CallAttempts {
 public:
  CallAttempts(RetryTokens& tokens, Random& random) : tokens_(tokens), random_(random) {}

  /// An attempt has failed: the delay before the next one, or nothing when this was the last. A
  /// clock skew and expired credentials each give one attempt at once, which counts for nothing.
  std::optional<std::chrono::milliseconds> after_failure(Fault fault);

  /// The call has succeeded: what the last retry took goes back, and a first-try success fills the
  /// tokens by one.
  void after_success();

  /// Attempts that have failed so far.
  int failed() const { return failed_; }

 private:
  RetryTokens& tokens_;
  Random& random_;
  int failed_ = 0;
  int retries_ = 0;
  int last_cost_ = 0;
  bool corrected_clock_ = false;
  bool refreshed_ = false;
};

}  // namespace thumbmill::s3
