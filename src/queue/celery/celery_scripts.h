// The Lua scripts of the Celery queue: each is one change of state in kombu's own structures.
// docs/formats/queue-celery.md. Used by celery_queue only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "queue/celery/celery_options.h"
#include "redis/client.h"

namespace thumbmill {

/// Immutable. All take the keys of celery_keys(), and first the visibility timeout in seconds and
/// celery_lease_prefix().
struct CeleryScripts {
  CeleryScripts();

  /// ttl s, token, queue, where to go on in `unacked_index` (0 at first), celery_binding_prefix(),
  /// separator, most bytes -> where to go on; then tag, tries, last failure, message and "" when
  /// there is one; an empty tag: one that had to be refused, with how it begins and, where it has
  /// one, the task's id
  RedisScript lease;
  RedisScript extend;     ///< tag, token, ttl s -> 0 when the lease is lost
  RedisScript ack;        ///< tag, token -> 0 when the lease is lost
  RedisScript retry;      ///< tag, token, delay s, why, 1 when free -> 0 when the lease is lost
  RedisScript hand_back;  ///< tag, token -> 0 when the lease is lost
  RedisScript bury;       ///< tag, token -> 0 when the lease is lost
  RedisScript refuse;     ///< tag, token -> 0 when the lease is lost

  /// Takes lists alone, and no arguments: those that hold something, each with how much.
  RedisScript lengths;
};

/// The keys, in the order in which the scripts take them: unacked, unacked_index, dead, refused,
/// held, and the queue's lists by priority.
std::vector<std::string> celery_keys(const CeleryOptions& options);

/// The lists of the queue, by priority, if these were the transport's settings.
std::vector<std::string> celery_lists(const CeleryOptions& options, const std::vector<int>& steps,
                                      std::string_view separator);

/// What the keys begin with under which our leases are noted, one for each message.
std::string celery_lease_prefix(const CeleryOptions& options);

/// What the keys begin with under which kombu notes the bindings of an exchange.
std::string celery_binding_prefix(const CeleryOptions& options);

}  // namespace thumbmill
