// Where a Redis is and how to log in: RedisOptions, and the URLs that people write for them.
//
// Used by queue/redis and notify/redis. Says nothing of what is done there.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace thumbmill {

/// A TCP address, or a socket in the file system when `unix_path` is set.
struct RedisAddress {
  std::string host;
  std::uint16_t port = 6379;
  std::string unix_path;

  /// host:port, or the path.
  std::string to_string() const;
  bool operator==(const RedisAddress&) const = default;
};

/// How to reach one Redis (or Valkey). Value.
struct RedisOptions {
  RedisAddress server;                  ///< of the master; unused with sentinels
  std::vector<RedisAddress> sentinels;  ///< asked where `master_name` is, at each connect
  std::string master_name;
  std::string user;  ///< empty: the default user
  std::string password;
  int database = 0;
  bool tls = false;
  std::string ca_file;  ///< PEM, for TLS; empty: the system's authorities
  /// Every key is `{prefix}:...`: the braces keep them in one slot of a cluster.
  std::string prefix = "thumbmill";
  std::chrono::milliseconds connect_timeout{2'000};
  std::chrono::milliseconds command_timeout{5'000};

  /// Who is meant, for logs and messages; never the password.
  std::string to_string() const;

  /// `{prefix}:name`.
  std::string key(std::string_view name) const;
};

/// Reads one of
///   redis://[user][:password]@host[:port][/db]           port 6379 and db 0 by default
///   rediss://...                                          the same by TLS
///   redis+unix://[user][:password]@/path/of/socket[?db=n]
///   redis+sentinel://[user][:password]@host[:port],.../master-name[/db]   port 26379 by default
/// each with `?prefix=name` and, for TLS, `?ca=/file.pem`. User and password are percent-encoded
/// where they hold one of `:@/?#%`. invalid_argument, which says what is wrong and never repeats
/// the password.
Result<RedisOptions> parse_redis_url(std::string_view url);

}  // namespace thumbmill
