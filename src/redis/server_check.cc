#include "redis/server_check.h"

#include <charconv>

namespace thumbmill {
namespace {

// The value of `name` in INFO's lines of "name:value\r\n".
std::string info_value(std::string_view info, std::string_view name) {
  while (!info.empty()) {
    const std::size_t end = info.find("\r\n");
    const std::string_view line = info.substr(0, end);
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ':') {
      return std::string(line.substr(name.size() + 1));
    }
    info.remove_prefix(end == std::string_view::npos ? info.size() : end + 2);
  }
  return {};
}

int leading_number(std::string_view text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The value of a server's setting; nothing where it may not be asked.
std::string setting(RedisConnection& connection, const char* name, Logger& log) {
  const auto reply = connection.call({"CONFIG", "GET", name});
  if (reply.ok() && reply->list.size() == 2) return reply->list[1].text;
  log.debug("cannot see a setting of Redis",
            {{"setting", name}, {"detail", reply.ok() ? reply->text : reply.status().detail()}});
  return {};
}

// WAIT for no replica answers at once.
void warn_of_rights(RedisConnection& connection, const ServerFacts& facts, Logger& log) {
  const auto waited = connection.call({"WAIT", "0", "1"});
  const bool may_wait = !waited.ok() || !waited->is_error();
  if (facts.told && may_wait) return;
  log.warning(
      "the Redis user may not run INFO or WAIT: no write waits for a replica, and a fail-over may "
      "lose jobs until the sweep finds them; docs/redis.md has the ACL rule",
      {{"info", facts.told}, {"wait", may_wait}});
}

}  // namespace

Result<ServerFacts> server_facts(RedisConnection& connection) {
  ServerFacts facts;
  ASSIGN_OR_RETURN(const RedisReply server, connection.call({"INFO", "server"}));
  if (server.is_error("LOADING")) return status_of(server);
  facts.told = !server.is_error();
  facts.run_id = info_value(server.text, "run_id");
  facts.version = info_value(server.text, "redis_version");
  facts.is_valkey = info_value(server.text, "server_name") == "valkey";
  ASSIGN_OR_RETURN(const RedisReply replication, connection.call({"INFO", "replication"}));
  facts.replicas = leading_number(info_value(replication.text, "connected_slaves"));
  return facts;
}

void warn_of_settings(RedisConnection& connection, const ServerFacts& facts, Logger& log) {
  warn_of_rights(connection, facts, log);
  if (!facts.is_valkey && !facts.version.empty() && leading_number(facts.version) < 7) {
    log.warning("Redis is older than 7.0, the first version this program is tested with",
                {{"version", facts.version}});
  }
  const std::string append_only = setting(connection, "appendonly", log);
  if (append_only == "no") {
    log.warning(
        "Redis keeps its data in memory only (appendonly no): after a crash of it, jobs run again "
        "only when the sweep has found them",
        {{"setting", "appendonly"}});
  }
  const std::string policy = setting(connection, "maxmemory-policy", log);
  if (!policy.empty() && policy != "noeviction") {
    log.warning(
        "Redis may throw jobs away when its memory is full: set maxmemory-policy noeviction",
        {{"setting", "maxmemory-policy"}, {"value", policy}});
  }
}

}  // namespace thumbmill
