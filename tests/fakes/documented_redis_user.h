// The user of Redis whose rights docs/redis.md lists, for tests that do everything as that user and
// then look whether anything was denied.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fakes/redis_server.h"
#include "redis/connector.h"

namespace thumbmill {

/// The words of the rule in the document, from the user's name on.
std::vector<std::string> documented_redis_user();

/// Arguments of a redis-server that has the user, before `more`.
std::vector<std::string> with_documented_user(const std::vector<std::string>& more);

/// The URL of such a server for the user.
inline std::string url_of_documented_user(const RedisServer& server) {
  return "redis+unix://thumbmill:PASSWORD@" + server.socket_path();
}

/// Fails the test when the server, if it runs, has denied a user anything.
inline void expect_nothing_denied(const RedisServer& server) {
  RedisConnector connector(parse_redis_url(server.url()).value());
  Result<RedisConnection> connection = connector.connect();
  if (!connection.ok()) return;
  const RedisReply denied = connection->call({"ACL", "LOG"}).value();
  std::string entries;
  for (const RedisReply& entry : denied.list) {
    for (const RedisReply& field : entry.list) entries += field.text + " ";
    entries += "\n";
  }
  EXPECT_TRUE(denied.list.empty()) << entries;
}

}  // namespace thumbmill
