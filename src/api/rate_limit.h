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

#include "base/clock.h"
#include "net/http.h"

namespace thumbmill {

/// How many requests a client may make. A rate of 0 is no limit.
struct RateLimit {
  std::uint64_t per_second = 0;
  std::uint64_t burst = 0;  ///< requests at once after a rest; 0: what ten seconds allow

  /// The burst that holds.
  std::uint64_t capacity() const { return burst > 0 ? burst : 10 * per_second; }
  bool operator==(const RateLimit&) const = default;
};

/// What became of one request.
struct RateVerdict {
  bool allowed = true;
  std::uint64_t remaining = 0;                ///< requests that would be allowed now
  std::chrono::nanoseconds until_full{0};     ///< until the whole burst is there again
  std::chrono::nanoseconds until_allowed{0};  ///< 0 when there is one left now
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

  /// Takes one request of `client` from its bucket, if there is one. The limit's rate is not 0; it
  /// may change from call to call.
  RateVerdict take(std::string_view client, const RateLimit& limit);

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

/// Adds RateLimit-Policy and RateLimit, and Retry-After to a refusal.
void add_rate_fields(const RateLimit& limit, const RateVerdict& verdict, HttpFields& fields);

}  // namespace thumbmill
