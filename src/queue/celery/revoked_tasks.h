// RevokedTasks: the tasks that an application has revoked (AsyncResult.revoke()). Celery tells
// the workers that run by a message on a channel of the broker's, so that a worker that starts
// later does not know: Celery's documentation, "Workers Guide", "Revoking tasks".
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "queue/celery/celery_options.h"
#include "redis/connector.h"
#include "redis/subscriber.h"

namespace thumbmill {

/// The ids of the tasks that a control message revokes; none when it is for certain workers only,
/// says something else, or cannot be read. Pure.
std::vector<std::string> revoked_by(std::string_view message);

/// Thread-safe. Has a thread that listens; what it is given outlives it.
class RevokedTasks {
 public:
  /// As many, and for as long, as Celery's workers remember (REVOKES_MAX, REVOKE_EXPIRES).
  static constexpr std::size_t kMost = 50'000;
  static constexpr std::chrono::hours kRemembered{3};

  RevokedTasks(RedisConnector& broker, const CeleryOptions& options, const Clock& clock,
               Random& random, Logger& log);

  bool contains(const std::string& id) const;

 private:
  void hear(std::string_view message);

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::unordered_set<std::string> ids_;                      // guarded by mutex_
  std::deque<std::pair<SteadyTime, std::string>> in_order_;  // guarded by mutex_; the oldest first
  RedisSubscriber subscriber_;
};

}  // namespace thumbmill
