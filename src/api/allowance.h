// Allowance: what one request takes of its client's rate limits besides itself: the bytes of its
// body, and the files of a form after the first. The guard makes one for each request of a client
// that has limits; whoever learns of bytes or files takes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "api/rate_limit.h"
#include "base/status.h"
#include "metrics/metrics.h"

namespace thumbmill {

/// What a client may do. A rate of 0 is no limit.
struct ClientLimits {
  RateLimit requests;  ///< a further file of a form counts as one
  RateLimit bytes;     ///< of bodies
};

/// The buckets of all clients. Thread-safe.
struct ClientBuckets {
  explicit ClientBuckets(const Clock& clock) : requests(clock), bytes(clock) {}
  RateLimiter requests;
  RateLimiter bytes;
};

/// One thread at a time. Buckets and metrics outlive it. What was taken is not given back, whatever
/// becomes of the request.
class Allowance {
 public:
  Allowance(std::string client, const ClientLimits& limits, ClientBuckets& buckets,
            Metrics& metrics)
      : client_(std::move(client)), limits_(limits), buckets_(buckets), metrics_(metrics) {}

  /// Takes all or none. unavailable with detail kRateLimited: over the limit.
  Status take_requests(std::uint64_t count);

  /// The same. Of a body whose length is not known, its stretches as they come.
  Status take_bytes(std::uint64_t count);

  /// Adds RateLimit-Policy and RateLimit as they are after what was taken, and Retry-After when
  /// something was refused.
  void add_fields(HttpFields& fields) const;

  /// Marks (in Status::detail) a refusal for which Retry-After says when to come again.
  static constexpr std::string_view kRateLimited = "rate_limited";

 private:
  const std::string client_;
  const ClientLimits limits_;
  ClientBuckets& buckets_;
  Metrics& metrics_;
  std::optional<RateVerdict> requests_;  // the latest
  std::optional<RateVerdict> bytes_;     // likewise
  bool has_taken_bytes_ = false;
};

}  // namespace thumbmill
