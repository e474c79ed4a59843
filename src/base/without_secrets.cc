#include "base/without_secrets.h"

#include <algorithm>
#include <array>

namespace thumbmill {
namespace {

constexpr std::string_view kHidden = "***";

// Parameters of the queues' URLs whose values may be shown.
constexpr std::array<std::string_view, 19> kHarmless{"ca",
                                                     "db",
                                                     "group",
                                                     "key_prefix",
                                                     "mechanism",
                                                     "parameters",
                                                     "partitions",
                                                     "prefix",
                                                     "priority_steps",
                                                     "queue",
                                                     "remove_source",
                                                     "replication",
                                                     "result_key_prefix",
                                                     "security",
                                                     "sep",
                                                     "source",
                                                     "target",
                                                     "task",
                                                     "visibility_timeout"};

bool has_only(std::string_view text, std::string_view special) {
  return std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           special.find(c) != std::string_view::npos;
  });
}

// Takes what stands before the first of `separators`, or all of it, off the front of `rest`.
std::string_view take_until(std::string_view& rest, std::string_view separators) {
  const std::string_view taken = rest.substr(0, rest.find_first_of(separators));
  rest.remove_prefix(taken.size());
  return taken;
}

// HOST[:PORT], several of them separated by commas, or nothing.
bool is_host_list(std::string_view text) {
  while (!text.empty()) {
    const std::string_view server = take_until(text, ",");
    if (!text.empty()) text.remove_prefix(1);
    const std::size_t bracket = server.rfind(']');
    const std::size_t colon = server.find(':', bracket == std::string_view::npos ? 0 : bracket);
    const std::string_view host = server.substr(0, colon);
    if (!has_only(host, host.starts_with('[') ? "[]:." : ".-_")) return false;
    if (colon != std::string_view::npos &&
        server.find_first_not_of("0123456789", colon + 1) != std::string_view::npos) {
      return false;
    }
  }
  return true;
}

// From its '?' on, or nothing.
std::string shown_query(std::string_view query) {
  std::string shown;
  while (!query.empty()) {
    query.remove_prefix(1);  // '?' or '&'
    const std::string_view parameter = take_until(query, "&");
    const std::string_view name = parameter.substr(0, parameter.find('='));
    const bool harmless = std::ranges::find(kHarmless, name) != kHarmless.end() &&
                          parameter.find('#') == std::string_view::npos;
    shown += shown.empty() ? '?' : '&';
    shown += harmless ? parameter : kHidden;
  }
  return shown;
}

std::string shown_path(std::string_view address) {
  constexpr std::string_view kSqlite = "sqlite:";
  const std::string_view file = address.substr(address.starts_with(kSqlite) ? kSqlite.size() : 0);
  const bool is_path = (file.starts_with('/') && !file.starts_with("//")) || file.starts_with('.');
  const bool is_name = file.find_first_of(":@") == std::string_view::npos;
  return std::string(is_path || is_name ? address : kHidden);
}

}  // namespace

std::string without_secrets(std::string_view address) {
  const std::size_t slashes = address.find("://");
  if (slashes == std::string_view::npos) return shown_path(address);
  if (!has_only(address.substr(0, slashes), "+-.")) return std::string(kHidden);
  std::string shown(address.substr(0, slashes + 3));
  std::string_view rest = address.substr(slashes + 3);
  // A password may have any character in it, rightly or wrongly: up to the last '@' all is hidden,
  // and the rest as well when what is before could have begun a path or parameters.
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    shown.append(kHidden);
    if (rest.find_first_of("/?#") < at) return shown;
    shown += '@';
    rest.remove_prefix(at + 1);
  }
  const std::string_view hosts = take_until(rest, "/?#");
  if (!is_host_list(hosts)) return shown.append(kHidden);
  shown.append(hosts).append(take_until(rest, "?#"));
  if (rest.starts_with('#')) return shown.append(kHidden);
  return shown + shown_query(rest);
}

}  // namespace thumbmill
