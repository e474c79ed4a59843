#include "kafka/options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "base/percent.h"

namespace thumbmill {
namespace {

constexpr std::string_view kScheme = "kafka://";
constexpr int kDefaultPort = 9092;
constexpr int kMostPartitions = 10'000;
constexpr int kMostReplicas = 100;
// A topic's name has at most 249 characters; ours are longer than the prefix by a few.
constexpr std::size_t kLongestName = 200;

// Never repeats a part of the URL: where a character of the password is not percent-encoded, any of
// them may be the password's rest.
Status wrong(std::string why) {
  return Status(Code::invalid_argument, "the Kafka URL " + std::move(why));
}

std::optional<int> number(std::string_view text, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && value >= 1 && value <= most ? std::optional(value) : std::nullopt;
}

// Takes what stands before the first `separator`, or all of it, off the front of `rest`.
std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t at = rest.find(separator);
  const std::string_view taken = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
  return taken;
}

// What Kafka allows in the name of a topic.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kLongestName && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

Status read_credentials(std::string_view text, KafkaOptions& options) {
  const auto user = percent_decode(take_until(text, ':'));
  const auto password = percent_decode(text);
  if (!user || !password) return wrong("has a user or password with a wrong percent-encoding");
  if (user->empty() || password->empty())
    return wrong("has a user without a password, or the reverse");
  options.user = *user;
  options.password = *password;
  return Status();
}

Status read_servers(std::string_view text, KafkaOptions& options) {
  while (!text.empty()) {
    const std::string_view server = take_until(text, ',');
    // An IPv6 address stands in brackets, with colons of its own.
    const std::size_t bracket = server.rfind(']');
    const std::size_t colon = server.find(':', bracket == std::string_view::npos ? 0 : bracket);
    const std::string_view host = server.substr(0, colon);
    if (host.empty()) return wrong("names no host");
    int port = kDefaultPort;
    if (colon != std::string_view::npos) {
      const auto given = number(server.substr(colon + 1), 65'535);
      if (!given) return wrong("has a port that is none; allowed: 1 to 65535");
      port = *given;
    }
    if (!options.servers.empty()) options.servers += ',';
    options.servers += fmt::format("{}:{}", host, port);
  }
  return options.servers.empty() ? wrong("names no host") : Status();
}

Status read_choice(std::string_view name, const std::string& value,
                   std::initializer_list<std::string_view> allowed, std::string& target) {
  if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
    return wrong(fmt::format("has another {}; allowed: {}", name, fmt::join(allowed, ", ")));
  }
  target = value;
  return Status();
}

Status read_name(std::string_view name, const std::string& value, std::string& target) {
  if (!is_name(value)) {
    return wrong(
        fmt::format("has a {} with other characters than letters, digits, \".\", \"_\" and "
                    "\"-\", or one that is too long",
                    name));
  }
  target = value;
  return Status();
}

Status read_count(std::string_view name, const std::string& value, int most, int& target) {
  const auto count = number(value, most);
  if (!count) return wrong(fmt::format("has {} out of bounds; allowed: 1 to {}", name, most));
  target = *count;
  return Status();
}

Status read_parameter(std::string_view name, const std::string& value, KafkaOptions& options) {
  if (name == "prefix") return read_name(name, value, options.prefix);
  if (name == "group") return read_name(name, value, options.group);
  if (name == "partitions") return read_count(name, value, kMostPartitions, options.partitions);
  if (name == "replication") return read_count(name, value, kMostReplicas, options.replication);
  if (name == "security") {
    return read_choice(name, value, {"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"},
                       options.security);
  }
  if (name == "mechanism") {
    return read_choice(name, value, {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}, options.mechanism);
  }
  if (name == "ca") {
    options.ca_file = value;
    return Status();
  }
  return wrong(
      "has an unknown parameter; allowed: prefix, group, partitions, replication, security, "
      "mechanism, ca");
}

// What fits together only when all has been read.
Status check_login(const KafkaOptions& options) {
  const bool sasl = options.security.starts_with("sasl");
  const bool tls = options.security.ends_with("ssl");
  if (sasl && options.user.empty()) return wrong("asks for a login (sasl) without user:password@");
  if (!sasl && !options.user.empty()) {
    return wrong("has user:password@, which needs security=sasl_ssl or sasl_plaintext");
  }
  if (!options.ca_file.empty() && !tls) return wrong("has a \"ca\" without TLS (security=ssl)");
  return Status();
}

}  // namespace

std::string KafkaOptions::name(std::string_view name) const {
  return fmt::format("{}.{}", prefix, name);
}

Result<KafkaOptions> parse_kafka_url(std::string_view url) {
  if (!url.starts_with(kScheme)) return wrong("must begin with kafka://");
  KafkaOptions options;
  std::string_view query = url.substr(kScheme.size());
  std::string_view rest = take_until(query, '?');
  const std::size_t at = rest.rfind('@');
  if (at != std::string_view::npos) {
    RETURN_IF_ERROR(read_credentials(rest.substr(0, at), options));
    rest.remove_prefix(at + 1);
  }
  RETURN_IF_ERROR(read_servers(take_until(rest, '/'), options));
  if (!rest.empty()) return wrong("has a path; the topics' prefix is written ?prefix=NAME");
  while (!query.empty()) {
    std::string_view parameter = take_until(query, '&');
    const std::string_view name = take_until(parameter, '=');
    const auto value = percent_decode(parameter);
    if (!value || value->empty()) return wrong("has a parameter without a value");
    RETURN_IF_ERROR(read_parameter(name, *value, options));
  }
  RETURN_IF_ERROR(check_login(options));
  return options;
}

}  // namespace thumbmill
