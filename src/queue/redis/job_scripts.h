// The Lua scripts of the Redis queue: each is one change of state, which happens whole or not at
// all. What they read and write is docs/formats/queue-redis.md. Used by redis_queue only.
#pragma once

#include "redis/client.h"

namespace thumbmill {

/// Immutable. All take the keys of job_keys(), and as first argument the time in milliseconds, or
/// an empty one for the server's.
struct JobScripts {
  JobScripts();

  RedisScript enqueue;  ///< id, caller -> 1 when something changed
  RedisScript turn;     ///< most (at most 1,000), ttl ms, token, then id and token of each lease to
                        ///< ack -> ms to the next event or -1; of each ack, 0 when its lease is
                        ///< lost; id, attempt, last failure of each job leased
  RedisScript find;     ///< id -> state, attempts; or nothing
  RedisScript forget;   ///< id
  RedisScript depth;    ///< -> ready, running, delayed, dead, age ms of the oldest or -1
  RedisScript extend;   ///< id, token, ttl ms -> 0 when the lease is lost
  RedisScript retry;    ///< id, token, delay ms, why, 1 when free -> 0 when the lease is lost
  RedisScript hand_back;  ///< id, token -> 0 when the lease is lost
  RedisScript bury;       ///< id, token, why -> 0 when the lease is lost
};

/// The keys, in the order in which the scripts take them.
std::vector<std::string> job_keys(const RedisOptions& options);

/// The list that waiting workers pop: the last of job_keys().
std::string bell_key(const RedisOptions& options);

}  // namespace thumbmill
