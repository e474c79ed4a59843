#include "redis/rights.h"

#include <array>

#include <fmt/format.h>

namespace thumbmill {
namespace {

constexpr std::array<std::string_view, 26> kNeeded{
    // To run the scripts, to wait for jobs, to hear and tell of events.
    "ping", "eval", "evalsha", "blpop", "rpush", "publish", "subscribe",
    // In the scripts of the queue.
    "time", "hget", "hset", "hdel", "hmget", "llen", "del", "zadd", "zrem", "zscore", "zcard",
    "zcount", "zrange", "zrangebyscore", "zremrangebyscore", "zpopmin",
    // In those of the election.
    "get", "set", "pttl"};

// Never to be asked of EVAL and EVALSHA: acl_check_cmd looks for their number of keys whether it
// was given or not, and Redis 7.0.15 crashes. That the script runs shows them.
//
// Without flags, so that it is refused when a new job would be: on a server that is full, that is a
// replica, or that cannot write to its disk. Servers that only speak Redis' protocol may lack
// acl_check_cmd.
constexpr const char* kCheck = R"(#!lua
local missing = {}
if not redis.acl_check_cmd then return missing end
for _, command in ipairs(ARGV) do
  local is_of_channel = command == 'publish' or command == 'subscribe'
  if not redis.acl_check_cmd(command, KEYS[is_of_channel and 2 or 1]) then
    missing[#missing + 1] = command
  end
end
return missing
)";

const RedisScript& check_script() {
  static const RedisScript script(kCheck);
  return script;
}

}  // namespace

std::span<const std::string_view> needed_redis_commands() { return kNeeded; }

Status check_rights(RedisClient& client, const RedisOptions& options, const OpContext& context) {
  std::vector<std::string> commands;
  for (const std::string_view command : kNeeded) {
    if (!command.starts_with("eval")) commands.emplace_back(command);
  }
  ASSIGN_OR_RETURN(
      const RedisReply missing,
      client.eval(check_script(), {options.key("bell"), options.key("events")}, commands, context));
  if (missing.list.empty()) return Status();
  std::string names;
  for (const RedisReply& name : missing.list) names += (names.empty() ? "" : ", ") + name.text;
  return Status(Code::unavailable,
                fmt::format("the Redis user may not run {} on {{{}}}:*", names, options.prefix),
                "docs/redis.md has the ACL rule");
}

}  // namespace thumbmill
