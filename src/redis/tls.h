// TLS on a connection of hiredis. redis/connection only.
#pragma once

#include "base/status.h"
#include "redis/options.h"

struct redisContext;

namespace thumbmill {

/// Begins TLS on a connection just opened: the server's certificate must be valid for
/// `address.host` and signed by options.ca_file or the system's authorities. unavailable; also
/// where redis_has_tls() is false.
Status begin_tls(redisContext& context, const RedisAddress& address, const RedisOptions& options);

}  // namespace thumbmill
