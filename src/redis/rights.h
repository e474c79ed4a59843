// The rights that a user of a Redis needs: docs/redis.md has the ACL rule that grants them. Asks
// for them by name, so that a missing one is named before a call fails for it.
#pragma once

#include <span>
#include <string_view>

#include "base/op_context.h"
#include "redis/client.h"

namespace thumbmill {

/// The commands without which something fails, as ACL rules write them: of the queue, of the events
/// between processes, and of the election. Of a queue that is Celery's not, nor of what is only
/// wanted: see redis/server_check.h.
std::span<const std::string_view> needed_redis_commands();

/// Whether the user of `client` may run all of them, on the keys and the channel of `options`.
/// unavailable, which names the missing ones; exhausted when the server is full.
Status check_rights(RedisClient& client, const RedisOptions& options, const OpContext& context);

}  // namespace thumbmill
