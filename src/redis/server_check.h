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
  bool told = true;  ///< false: the user may not run INFO, and nothing of this is known
  int replicas = 0;  ///< connected now
};

/// Asks the server who it is (INFO). unavailable.
Result<ServerFacts> server_facts(RedisConnection& connection);

/// Warns of a version before 7.0, of `appendonly no`, of a `maxmemory-policy` that evicts, and of
/// rights without which replicas are not waited for (INFO, WAIT). That CONFIG may not be asked,
/// which many hosts forbid, is said at debug level.
void warn_of_settings(RedisConnection& connection, const ServerFacts& facts, Logger& log);

}  // namespace thumbmill
