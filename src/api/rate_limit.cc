#include "api/rate_limit.h"

#include <algorithm>

#include <fmt/format.h>

namespace thumbmill {
namespace {

using std::chrono::nanoseconds;

constexpr std::uint64_t kSecond = 1'000'000'000;

// The time in which so much comes back: whole seconds and the rest apart, for their product may be
// more than the type can say. Thirty years are as good as never.
nanoseconds time_of(std::uint64_t amount, const RateLimit& limit) {
  const std::uint64_t seconds = std::min(amount / limit.per_second, kSecond);
  return std::chrono::seconds(seconds) +
         nanoseconds(amount % limit.per_second * kSecond / limit.per_second);
}

// And back.
std::uint64_t amount_of(nanoseconds time, const RateLimit& limit) {
  const auto count = static_cast<std::uint64_t>(time.count());
  return count / kSecond * limit.per_second + count % kSecond * limit.per_second / kSecond;
}

std::int64_t whole_seconds(nanoseconds duration) {
  return std::chrono::ceil<std::chrono::seconds>(duration).count();
}

}  // namespace

RateVerdict RateLimiter::take(std::string_view client, const RateLimit& limit,
                              std::uint64_t amount) {
  const nanoseconds wanted = time_of(amount, limit);
  const nanoseconds whole = time_of(limit.capacity(), limit);
  const std::lock_guard lock(mutex_);
  const SteadyTime now = clock_.now();
  const auto known = by_client_.find(client);
  SteadyTime full_at = known == by_client_.end() ? now : known->second->full_at;
  // A limit that was lowered meanwhile must not hold back longer than its own bucket.
  full_at = std::clamp(full_at, now, now + whole);
  RateVerdict verdict;
  verdict.allowed = full_at + wanted - now <= whole;
  if (verdict.allowed) full_at += wanted;
  verdict.until_full = full_at - now;
  verdict.remaining = amount_of(whole - verdict.until_full, limit);
  verdict.until_allowed =
      std::clamp(verdict.until_full + wanted - whole, nanoseconds(0), verdict.until_full);
  if (known != by_client_.end()) {
    known->second->full_at = full_at;
    buckets_.splice(buckets_.begin(), buckets_, known->second);
    return verdict;
  }
  forget_the_rested(now);
  buckets_.push_front({std::string(client), full_at});
  by_client_.emplace(buckets_.front().client, buckets_.begin());
  return verdict;
}

// Looks at two at each newcomer, so that the list shrinks by itself and no request pays for many.
void RateLimiter::forget_the_rested(SteadyTime now) {
  for (int i = 0; i < 2 && !buckets_.empty(); ++i) {
    const Bucket& oldest = buckets_.back();
    if (oldest.full_at > now && buckets_.size() < most_) return;
    by_client_.erase(oldest.client);
    buckets_.pop_back();
  }
}

std::size_t RateLimiter::size() const {
  const std::lock_guard lock(mutex_);
  return buckets_.size();
}

void add_rate_fields(const std::vector<RateReport>& reports, HttpFields& fields) {
  std::string policies;
  std::string states;
  std::int64_t retry_after = 0;
  for (const auto& [name, unit, limit, verdict] : reports) {
    const std::string_view comma = policies.empty() ? "" : ", ";
    const std::int64_t window = whole_seconds(time_of(limit.capacity(), limit));
    policies += fmt::format("{}\"{}\";q={};w={}", comma, name, limit.capacity(),
                            std::max<std::int64_t>(1, window));
    if (!unit.empty()) policies += fmt::format(";qu=\"{}\"", unit);
    states += fmt::format("{}\"{}\";r={};t={}", comma, name, verdict.remaining,
                          whole_seconds(verdict.until_full));
    if (verdict.allowed) continue;
    retry_after = std::max({std::int64_t{1}, retry_after, whole_seconds(verdict.until_allowed)});
  }
  if (policies.empty()) return;
  fields.add("RateLimit-Policy", std::move(policies));
  fields.add("RateLimit", std::move(states));
  if (retry_after > 0) fields.add("Retry-After", std::to_string(retry_after));
}

}  // namespace thumbmill
