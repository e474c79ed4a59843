// RedisConnector: finds the server that takes writes now, connects to it and logs in. Asks the
// sentinels anew at each connect, so that a fail-over is followed by connecting again. Keeps no
// connection and retries nothing: its users decide when.
#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "redis/connection.h"
#include "redis/host_lookup.h"

namespace thumbmill {

/// Thread-safe.
class RedisConnector {
 public:
  explicit RedisConnector(RedisOptions options);

  /// A connection to the master, logged in, with its database selected. unavailable: not there, or
  /// it refuses the password, which the message then says.
  Result<RedisConnection> connect();

  /// Whether `error` says that another server is to be asked: MOVED, which the next connect()
  /// follows, or READONLY, after which the sentinels know better.
  bool follow(const RedisReply& error);

  const RedisOptions& options() const { return options_; }

 private:
  Result<RedisConnection> connect_by_sentinels();
  Result<RedisConnection> connect_by_sentinel(const RedisAddress& sentinel);
  Result<RedisAddress> ask_sentinel(const RedisAddress& sentinel);
  Result<std::vector<std::string>> ips_of(const RedisAddress& address, const RedisOptions& options);
  /// A connection to the first of the host's addresses where there is a server. This one and the
  /// next say so when the server speaks TLS and the URL does not, or the other way round.
  Result<RedisConnection> open(const RedisAddress& address, const RedisOptions& options);
  Result<RedisReply> first_answer(RedisConnection& connection, const RedisCommand& command);
  Status log_in(RedisConnection& connection);

  const RedisOptions options_;
  HostLookup lookup_;
  std::mutex mutex_;
  std::vector<RedisAddress> sentinels_;   // guarded by mutex_; the one that answered last is first
  std::optional<RedisAddress> moved_to_;  // guarded by mutex_
};

}  // namespace thumbmill
