#include "api/rate_limit.h"

#include <algorithm>

#include <fmt/format.h>

namespace thumbmill {
namespace {

using std::chrono::nanoseconds;

constexpr std::uint64_t kSecond = 1'000'000'000;

// One request's share of time. Below a nanosecond a limit is none that could be felt.
nanoseconds interval_of(const RateLimit& limit) {
  return nanoseconds(std::max<std::uint64_t>(1, kSecond / limit.per_second));
}

std::int64_t whole_seconds(nanoseconds duration) {
  return std::chrono::ceil<std::chrono::seconds>(duration).count();
}

}  // namespace

RateVerdict RateLimiter::take(std::string_view client, const RateLimit& limit) {
  const nanoseconds interval = interval_of(limit);
  const nanoseconds whole = interval * static_cast<std::int64_t>(limit.capacity());
  const std::lock_guard lock(mutex_);
  const SteadyTime now = clock_.now();
  const auto known = by_client_.find(client);
  SteadyTime full_at = known == by_client_.end() ? now : known->second->full_at;
  // A limit that was lowered meanwhile must not hold back longer than its own bucket.
  full_at = std::clamp(full_at, now, now + whole);
  RateVerdict verdict;
  verdict.allowed = full_at + interval - now <= whole;
  if (verdict.allowed) full_at += interval;
  verdict.until_full = full_at - now;
  verdict.remaining = static_cast<std::uint64_t>((whole - verdict.until_full) / interval);
  if (verdict.remaining == 0) verdict.until_allowed = verdict.until_full + interval - whole;
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

void add_rate_fields(const RateLimit& limit, const RateVerdict& verdict, HttpFields& fields) {
  const nanoseconds whole = interval_of(limit) * static_cast<std::int64_t>(limit.capacity());
  fields.add("RateLimit-Policy", fmt::format("\"requests\";q={};w={}", limit.capacity(),
                                             std::max<std::int64_t>(1, whole_seconds(whole))));
  fields.add("RateLimit", fmt::format("\"requests\";r={};t={}", verdict.remaining,
                                      whole_seconds(verdict.until_full)));
  if (!verdict.allowed) {
    fields.add("Retry-After",
               std::to_string(std::max<std::int64_t>(1, whole_seconds(verdict.until_allowed))));
  }
}

}  // namespace thumbmill
