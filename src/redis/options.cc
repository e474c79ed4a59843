#include "redis/options.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "base/percent.h"

namespace thumbmill {
namespace {

constexpr std::uint16_t kRedisPort = 6379;
constexpr std::uint16_t kSentinelPort = 26379;

// Never repeats a part of the URL: where a character of the password is not percent-encoded, any of
// them may be the password's rest.
Status wrong(std::string why) {
  return Status(Code::invalid_argument, "the Redis URL " + std::move(why));
}

template <typename Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Takes what stands before the first `separator`, or all of it, off the front of `rest`.
std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t at = rest.find(separator);
  const std::string_view taken = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
  return taken;
}

Status read_credentials(std::string_view text, RedisOptions& options) {
  const std::string_view user = take_until(text, ':');
  const auto plain_user = percent_decode(user);
  const auto plain_password = percent_decode(text);
  if (!plain_user || !plain_password) {
    return wrong("has a user or password with a wrong percent-encoding");
  }
  if (!plain_user->empty() && plain_password->empty()) {
    return wrong("has a user without a password; a password alone is written :password@");
  }
  options.user = *plain_user;
  options.password = *plain_password;
  return Status();
}

Result<RedisAddress> read_address(std::string_view text, std::uint16_t default_port) {
  RedisAddress address;
  address.port = default_port;
  std::string_view port;
  if (text.starts_with('[')) {  // an IPv6 address
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return wrong("has a \"[\" without its \"]\"");
    address.host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (!text.empty() && text.front() != ':') return wrong("has text after \"]\"");
    if (!text.empty()) port = text.substr(1);
    if (!text.empty() && port.empty()) return wrong("has a \":\" without a port");
  } else {
    const bool has_port = text.find(':') != std::string_view::npos;
    address.host = take_until(text, ':');
    port = text;
    if (has_port && port.empty()) return wrong("has a \":\" without a port");
  }
  if (address.host.empty()) return wrong("names no host");
  if (!port.empty()) {
    const auto value = number<std::uint16_t>(port);
    if (!value || *value == 0) return wrong("has a port that is none; allowed: 1 to 65535");
    address.port = *value;
  }
  return address;
}

Status read_database(std::string_view text, RedisOptions& options) {
  const auto value = number<int>(text);
  if (!value || *value < 0) {
    return wrong("has a database that is no number from 0");
  }
  options.database = *value;
  return Status();
}

Status read_parameters(std::string_view query, RedisOptions& options) {
  while (!query.empty()) {
    std::string_view parameter = take_until(query, '&');
    const std::string_view name = take_until(parameter, '=');
    const auto value = percent_decode(parameter);
    if (!value || value->empty()) return wrong("has a parameter without a value");
    if (name == "db") {
      RETURN_IF_ERROR(read_database(*value, options));
    } else if (name == "prefix" && value->find_first_of("{}") == std::string::npos) {
      options.prefix = *value;
    } else if (name == "ca" && options.tls) {
      options.ca_file = *value;
    } else {
      return wrong(
          "has a parameter that is not allowed; allowed: db, prefix (without braces), ca "
          "(of rediss://)");
    }
  }
  return Status();
}

// As a Sentinel takes it: redis.io/docs, "High availability with Redis Sentinel". What is not may be
// the rest of a password.
bool is_master_name(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_';
  });
}

Status read_sentinels(std::string_view hosts, std::string_view path, RedisOptions& options) {
  while (!hosts.empty()) {
    ASSIGN_OR_RETURN(RedisAddress sentinel, read_address(take_until(hosts, ','), kSentinelPort));
    options.sentinels.push_back(std::move(sentinel));
  }
  if (options.sentinels.empty()) return wrong("names no sentinel");
  options.master_name = take_until(path, '/');
  if (options.master_name.empty()) return wrong("names no master: host:port,.../master-name[/db]");
  if (!is_master_name(options.master_name)) {
    return wrong("a master's name is of letters, digits and .-_");
  }
  return path.empty() ? Status() : read_database(path, options);
}

}  // namespace

std::string RedisAddress::to_string() const {
  if (!unix_path.empty()) return unix_path;
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return fmt::format(fmt::runtime(is_ipv6 ? "[{}]:{}" : "{}:{}"), host, port);
}

std::string RedisOptions::to_string() const {
  if (sentinels.empty()) return server.to_string();
  return fmt::format("master {} of the sentinels at {}{}", master_name, sentinels[0].to_string(),
                     sentinels.size() > 1 ? " and others" : "");
}

std::string RedisOptions::key(std::string_view name) const {
  return fmt::format("{{{}}}:{}", prefix, name);
}

Result<RedisOptions> parse_redis_url(std::string_view url) {
  RedisOptions options;
  const std::size_t scheme_end = url.find("://");
  const std::string_view scheme = url.substr(0, scheme_end);
  if (scheme_end == std::string_view::npos ||
      (scheme != "redis" && scheme != "rediss" && scheme != "redis+unix" &&
       scheme != "redis+sentinel")) {
    return wrong("must begin with redis://, rediss://, redis+unix:// or redis+sentinel://");
  }
  options.tls = scheme == "rediss";
  std::string_view query = url.substr(scheme_end + 3);
  std::string_view rest = take_until(query, '?');
  const std::size_t at = rest.rfind('@');
  if (at != std::string_view::npos) {
    RETURN_IF_ERROR(read_credentials(rest.substr(0, at), options));
    rest.remove_prefix(at + 1);
  }
  if (scheme == "redis+unix") {
    if (!rest.starts_with('/')) return wrong("needs the whole path of the socket");
    const auto path = percent_decode(rest);
    if (!path) return wrong("has a path with a wrong percent-encoding");
    options.server.unix_path = *path;
  } else {
    const std::string_view hosts = take_until(rest, '/');
    if (scheme == "redis+sentinel") {
      RETURN_IF_ERROR(read_sentinels(hosts, rest, options));
    } else {
      ASSIGN_OR_RETURN(options.server, read_address(hosts, kRedisPort));
      if (!rest.empty()) RETURN_IF_ERROR(read_database(rest, options));
    }
  }
  RETURN_IF_ERROR(read_parameters(query, options));
  return options;
}

}  // namespace thumbmill
