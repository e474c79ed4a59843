#include "redis/connector.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace thumbmill {
namespace {

// "host:port" as servers write it; an IPv6 address stands there without brackets.
std::optional<RedisAddress> address_of(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  RedisAddress address;
  address.host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size()) return std::nullopt;
  return address;
}

bool is_refused_login(const RedisReply& reply) {
  return reply.is_error("WRONGPASS") || reply.is_error("NOAUTH") || reply.is_error("NOPERM") ||
         reply.text.starts_with("ERR AUTH") || reply.text.starts_with("ERR invalid password");
}

}  // namespace

RedisConnector::RedisConnector(RedisOptions options)
    : options_(std::move(options)), sentinels_(options_.sentinels) {}

Result<RedisConnection> RedisConnector::connect() {
  std::optional<RedisAddress> moved_to;
  {
    const std::lock_guard lock(mutex_);
    moved_to = std::exchange(moved_to_, std::nullopt);
  }
  if (!options_.sentinels.empty()) return connect_by_sentinels();
  ASSIGN_OR_RETURN(RedisConnection connection, open(moved_to.value_or(options_.server), options_));
  RETURN_IF_ERROR(log_in(connection));
  return connection;
}

Result<RedisConnection> RedisConnector::connect_by_sentinels() {
  std::vector<RedisAddress> sentinels;
  {
    const std::lock_guard lock(mutex_);
    sentinels = sentinels_;
  }
  std::string failures;
  for (const RedisAddress& sentinel : sentinels) {
    auto connection = connect_by_sentinel(sentinel);
    if (connection.ok()) {
      const std::lock_guard lock(mutex_);
      std::stable_partition(sentinels_.begin(), sentinels_.end(),
                            [&](const RedisAddress& other) { return other == sentinel; });
      return connection;
    }
    failures += fmt::format("by {}: {}; ", sentinel.to_string(), connection.status().to_string());
  }
  return Status(Code::unavailable,
                fmt::format("cannot reach the Redis master {} by any of {} sentinels",
                            options_.master_name, sentinels.size()),
                std::move(failures));
}

Result<RedisConnection> RedisConnector::connect_by_sentinel(const RedisAddress& sentinel) {
  ASSIGN_OR_RETURN(const RedisAddress master, ask_sentinel(sentinel));
  ASSIGN_OR_RETURN(RedisConnection connection, open(master, options_));
  RETURN_IF_ERROR(log_in(connection));
  ASSIGN_OR_RETURN(const RedisReply role, connection.call({"ROLE"}));
  if (role.list.empty() || role.list[0].text != "master") {
    return Status(Code::unavailable,
                  master.to_string() + " is not the master, though a sentinel says so", role.text);
  }
  return connection;
}

Result<RedisAddress> RedisConnector::ask_sentinel(const RedisAddress& sentinel) {
  RedisOptions options = options_;
  options.tls = false;
  ASSIGN_OR_RETURN(RedisConnection connection, open(sentinel, options));
  ASSIGN_OR_RETURN(const RedisReply reply,
                   connection.call({"SENTINEL", "get-master-addr-by-name", options_.master_name}));
  if (reply.is_error()) return status_of(reply);
  if (reply.list.size() != 2) {
    return Status(Code::unavailable,
                  fmt::format("the sentinel knows no master {}", options_.master_name));
  }
  const auto address = address_of(reply.list[0].text + ":" + reply.list[1].text);
  if (!address) return Status(Code::unavailable, "the sentinel names no address");
  return *address;
}

// The addresses of its host; of a socket's file one that is empty.
Result<std::vector<std::string>> RedisConnector::ips_of(const RedisAddress& address,
                                                        const RedisOptions& options) {
  if (!address.unix_path.empty()) return std::vector<std::string>{std::string()};
  auto found = lookup_.find(address.host, options.connect_timeout);
  if (found.ok() && !found->empty()) return found;
  return Status(Code::unavailable,
                fmt::format("cannot connect to Redis at {}", address.to_string()),
                found.ok() ? "its name has no address" : found.status().to_string());
}

Result<RedisConnection> RedisConnector::open(const RedisAddress& address,
                                             const RedisOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<std::string> ips, ips_of(address, options));
  Result<RedisConnection> connection = RedisConnection::open(address, ips.front(), options);
  for (std::size_t i = 1; i < ips.size() && !connection.ok(); ++i) {
    connection = RedisConnection::open(address, ips[i], options);
  }
  if (connection.ok() || !options.tls || !answers_without_tls(address, ips.front(), options)) {
    return connection;
  }
  return Status(Code::unavailable,
                fmt::format("Redis at {} does not speak TLS: write redis:// instead of rediss://",
                            address.to_string()),
                connection.status().to_string());
}

// A server that expects TLS closes the connection at our first command.
Result<RedisReply> RedisConnector::first_answer(RedisConnection& connection,
                                                const RedisCommand& command) {
  Result<RedisReply> reply = connection.call(command);
  if (reply.ok() || options_.tls || reply.status().detail() == kNoAnswerInTime) return reply;
  const auto ips = ips_of(connection.address(), options_);
  if (!ips.ok() || !speaks_tls(connection.address(), ips->front(), options_)) return reply;
  return Status(Code::unavailable,
                fmt::format("Redis at {} speaks TLS: write rediss:// instead of redis://",
                            connection.address().to_string()),
                reply.status().to_string());
}

Status RedisConnector::log_in(RedisConnection& connection) {
  if (!options_.password.empty()) {
    RedisCommand login = {"AUTH", options_.password};
    if (!options_.user.empty()) login.insert(login.begin() + 1, options_.user);
    ASSIGN_OR_RETURN(const RedisReply reply, first_answer(connection, login));
    if (is_refused_login(reply)) {
      return Status(
          Code::unavailable,
          fmt::format("Redis at {} refuses the user or password", connection.address().to_string()),
          reply.text);
    }
    if (reply.is_error()) return status_of(reply);
  }
  ASSIGN_OR_RETURN(const RedisReply reply,
                   first_answer(connection, {"SELECT", std::to_string(options_.database)}));
  if (reply.is_error("NOAUTH")) {
    return Status(Code::unavailable,
                  fmt::format("Redis at {} wants a password", connection.address().to_string()),
                  reply.text);
  }
  // A user whose rights end at our keys may be denied SELECT; database 0 is the default.
  if (!reply.is_error() || options_.database == 0) return Status();
  const bool is_cluster = reply.text.find("cluster mode") != std::string::npos;
  return Status(Code::unavailable,
                fmt::format("Redis at {} does not let us use database {}, which the URL names{}",
                            connection.address().to_string(), options_.database,
                            is_cluster ? ": it is a cluster, which has database 0 only; leave the "
                                         "number out and share by ?prefix="
                                       : ""),
                reply.text);
}

bool RedisConnector::follow(const RedisReply& error) {
  if (error.is_error("READONLY")) return true;
  if (!error.is_error("MOVED")) return false;
  auto address = address_of(std::string_view(error.text).substr(error.text.rfind(' ') + 1));
  if (!address) return false;
  if (address->host.empty()) address->host = options_.server.host;
  const std::lock_guard lock(mutex_);
  moved_to_ = std::move(address);
  return true;
}

}  // namespace thumbmill
