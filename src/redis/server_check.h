// What a Redis says of itself, and warnings about settings with which it could lose jobs.
#pragma once

#include <string>

#include "base/log.h"
#include "redis/connection.h"

namespace thumbmill {

/// Value.
struct ServerFacts {
  std::string run_id;   ///< another one after each start of the server
  std::string version;  ///< of Redis, or that which Valkey is compatible with
  bool is_valkey = false;
  int replicas = 0;  ///< connected now
};

/// Asks the server who it is (INFO). unavailable.
Result<ServerFacts> server_facts(RedisConnection& connection);

/// Warns of a version before 7.0, of `appendonly no`, and of a `maxmemory-policy` that evicts.
/// What may not be asked (CONFIG is forbidden by many hosts) is said at debug level.
void warn_of_settings(RedisConnection& connection, const ServerFacts& facts, Logger& log);

}  // namespace thumbmill
