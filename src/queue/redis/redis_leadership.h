// RedisLeadership: Leadership among the processes that share a Redis, by a key that expires.
// docs/formats/queue-redis.md.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "queue/leadership.h"
#include "redis/client.h"

namespace thumbmill {

/// Thread-safe. What it is given outlives it. Leads nothing when it goes, once `ttl` has passed.
class RedisLeadership final : public Leadership {
 public:
  RedisLeadership(RedisOptions options, const Clock& clock, Logger& log);

  Result<bool> hold(std::string_view role, std::chrono::milliseconds ttl,
                    const OpContext& context) override;
  Status release(std::string_view role, const OpContext& context) override;

 private:
  std::string key(std::string_view role) const;

  const RedisScript hold_;
  const RedisScript release_;
  const std::string token_;  // says that the lead is ours
  RedisConnector connector_;
  RedisClient client_;
};

}  // namespace thumbmill
