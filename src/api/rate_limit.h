// RateLimiter: a token bucket a client (a key or an address), and the fields that tell clients how
// far they may go (draft-ietf-httpapi-ratelimit-headers-10). It decides and counts; who the client
// is and what the answer looks like is the guard's business (api/guard.h).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "net/http.h"

namespace thumbmill {

/// How much a client may take of something that is counted: requests, or bytes. A rate of 0 is no
/// limit.
struct RateLimit {
  std::uint64_t per_second = 0;  ///< at most 1,000,000,000
  std::uint64_t burst = 0;       ///< at once after a rest; 0: what ten seconds allow

  /// The burst that holds.
  std::uint64_t capacity() const { return burst > 0 ? burst : 10 * per_second; }
  bool operator==(const RateLimit&) const = default;
};

/// What became of one call of take().
struct RateVerdict {
  bool allowed = true;
  std::uint64_t remaining = 0;                ///< what would be allowed now
  std::chrono::nanoseconds until_full{0};     ///< until the whole burst is there again
  std::chrono::nanoseconds until_allowed{0};  ///< until as much can be taken (again), or the bucket
                                              ///< is full; 0 when it can be now
};

/// Thread-safe. Bounded: of the clients that are not at rest the `most` latest are remembered; one
/// that is forgotten begins anew with a full bucket, so that a flood of addresses costs memory
/// that is known, and strictness for others none.
class RateLimiter {
 public:
  /// Remembering one client takes about 200 bytes.
  static constexpr std::size_t kMostClients = 32'768;

  explicit RateLimiter(const Clock& clock, std::size_t most = kMostClients)
      : clock_(clock), most_(most) {}

  /// Takes `amount`, which is not 0, from the bucket of `client` if there is as much; else nothing.
  /// The limit's rate is not 0; it may change from call to call.
  RateVerdict take(std::string_view client, const RateLimit& limit, std::uint64_t amount = 1);

  /// How many clients are remembered.
  std::size_t size() const;

 private:
  // A bucket is known by the moment at which it will be full: one number, and a bucket whose moment
  // has passed is the same as none.
  struct Bucket {
    std::string client;
    SteadyTime full_at;
  };

  void forget_the_rested(SteadyTime now);

  const Clock& clock_;
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::list<Bucket> buckets_;  // latest used first; guarded by mutex_
  std::unordered_map<std::string_view, std::list<Bucket>::iterator>
      by_client_;  // guarded by mutex_
};

/// One of a client's limits, as the client is told of it.
struct RateReport {
  std::string_view name;
  std::string_view unit;  ///< of the draft's registry; empty: requests
  RateLimit limit;
  RateVerdict verdict;
};

/// Adds RateLimit-Policy and RateLimit, if there is a report, and Retry-After if one is a refusal.
void add_rate_fields(const std::vector<RateReport>& reports, HttpFields& fields);

}  // namespace thumbmill
