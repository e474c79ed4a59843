#include "queue/redis/redis_leadership.h"

#include <fmt/format.h>

#include "base/secret.h"

namespace thumbmill {
namespace {

// A server that takes no more jobs needs a leader all the same. A key of another type, or one that
// stays much longer than a lead lasts or for ever, was not written by a process of ours, and counts
// as absent.
constexpr const char* kHold = R"(#!lua flags=allow-oom
local leader = redis.pcall('GET', KEYS[1])
if type(leader) == 'table' then
  if not string.find(leader.err, '^WRONGTYPE') then return leader end
elseif leader and leader ~= ARGV[1] then
  local left = redis.call('PTTL', KEYS[1])
  if left >= 0 and left <= 10 * ARGV[2] then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
)";

constexpr const char* kRelease = R"(#!lua flags=allow-oom
local leader = redis.pcall('GET', KEYS[1])
if leader == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
)";

}  // namespace

RedisLeadership::RedisLeadership(RedisOptions options, const Clock& clock, Logger& log)
    : hold_(kHold),
      release_(kRelease),
      token_(new_secret_hex(8)),
      connector_(std::move(options)),
      client_(connector_, SettingsCheck::none, clock, log) {}

std::string RedisLeadership::key(std::string_view role) const {
  return connector_.options().key(fmt::format("leader:{}", role));
}

Result<bool> RedisLeadership::hold(std::string_view role, std::chrono::milliseconds ttl,
                                   const OpContext& context) {
  ASSIGN_OR_RETURN(
      const RedisReply reply,
      client_.eval(hold_, {key(role)}, {token_, std::to_string(ttl.count())}, context));
  return reply.integer == 1;
}

Status RedisLeadership::release(std::string_view role, const OpContext& context) {
  return client_.eval(release_, {key(role)}, {token_}, context).status();
}

}  // namespace thumbmill
