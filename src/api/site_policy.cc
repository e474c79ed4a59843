#include "api/site_policy.h"

#include <algorithm>
#include <array>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "base/ascii.h"

namespace thumbmill {
namespace {

bool is_ip_address(std::string_view host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes;
  if (host.starts_with('[') && host.ends_with(']')) {
    return ::inet_pton(AF_INET6, std::string(host.substr(1, host.size() - 2)).c_str(),
                       bytes.data()) == 1;
  }
  return ::inet_pton(AF_INET, std::string(host).c_str(), bytes.data()) == 1;
}

bool is_host_name(std::string_view text) {
  constexpr std::string_view kCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
  return !text.empty() && text.find_first_not_of(kCharacters) == std::string_view::npos &&
         text.front() != '.' && text.find("..") == std::string_view::npos;
}

// HOST[:PORT] taken apart: in lower case, without the root's dot, and without a port that the
// scheme has anyway.
struct Authority {
  std::string host;
  std::string port;  // empty: the scheme's own

  bool operator==(const Authority&) const = default;
};

Authority authority_of(std::string_view text, std::string_view scheme) {
  Authority authority;
  const std::size_t bracket = text.find(']');
  const std::size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  authority.host = to_lower(text.substr(0, colon));
  if (authority.host.ends_with('.')) authority.host.pop_back();
  if (colon != std::string_view::npos) authority.port = text.substr(colon + 1);
  if (authority.port == (scheme == "https" ? "443" : "80")) authority.port.clear();
  return authority;
}

bool is_read(const HttpRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

}  // namespace

Result<HostList> HostList::parse(std::string_view text) {
  HostList list;
  if (trim(text).empty()) return list;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    std::string name = to_lower(trim(text.substr(begin, end - begin)));
    begin = end + 1;
    if (name == "*") {
      list.any_ = true;
      continue;
    }
    if (name.ends_with('.')) name.pop_back();
    const bool is_domain = name.starts_with("*.");
    if (!is_host_name(is_domain ? name.substr(2) : name) && !is_ip_address(name)) {
      return Status(Code::invalid_argument,
                    fmt::format("\"{}\" is not allowed; allowed: {}", name, kAllowed));
    }
    if (is_domain) {
      list.domains_.push_back(name.substr(1));
    } else {
      list.names_.push_back(std::move(name));
    }
  }
  return list;
}

bool HostList::has_name(std::string_view host) const {
  return std::ranges::find(names_, host) != names_.end();
}

bool HostList::matches(std::string_view host) const {
  return any_ || has_name(host) || std::ranges::any_of(domains_, [&](const std::string& domain) {
           return host.ends_with(domain);
         });
}

SitePolicy::SitePolicy(SiteSettings settings) : settings_(std::move(settings)) {
  settings_.listen_host = to_lower(settings_.listen_host);
}

// Nobody can make an IP address or localhost point elsewhere.
bool SitePolicy::is_known(std::string_view host) const {
  return host == "localhost" || is_ip_address(host) || settings_.allowed_hosts.matches(host) ||
         (!host.empty() && host == settings_.listen_host);
}

std::optional<SitePolicy::Refusal> SitePolicy::check(const HttpRequest& request,
                                                     bool embeddable) const {
  const auto host = request.fields.get("Host");
  if (settings_.check_host && host) {
    const std::string name = authority_of(*host, "http").host;
    if (!is_known(name)) {
      return Refusal{Problem::unknown_host, "host",
                     fmt::format("this service is not known as \"{}\"; if it should be, add the "
                                 "name to the setting allowed-hosts",
                                 name)};
    }
  }
  // A preflight only asks what is allowed, and a link may lead here from anywhere.
  if (request.method == "OPTIONS" || !is_foreign(request)) return std::nullopt;
  const bool link = request.fields.get("Sec-Fetch-Mode") == "navigate";
  if (is_read(request) && (embeddable || link)) return std::nullopt;
  const std::string origin(request.fields.get("Origin").value_or("another site"));
  return Refusal{Problem::foreign_origin, "origin",
                 fmt::format("pages of {} may not do this: allow the origin with the setting "
                             "cors-origins, or, if it is this service behind a proxy, add its host "
                             "to allowed-hosts",
                             origin)};
}

// Browsers say how the page relates to us (Fetch Metadata Request Headers, section 2.1), but not
// over plain HTTP to another machine, and older ones not at all: then the origin decides (Fetch
// Standard, "Origin header"). Pages can set neither field.
bool SitePolicy::is_foreign(const HttpRequest& request) const {
  const auto origin = request.fields.get("Origin");
  if (origin && settings_.cors.allows(*origin)) return false;
  if (const auto site = request.fields.get("Sec-Fetch-Site")) {
    return *site != "same-origin" && *site != "none";
  }
  return origin && !is_own_origin(*origin, request);
}

// A proxy may have changed the Host and ended TLS, so the scheme is not compared. Of allowed-hosts
// only whole names count: in a domain, others may have pages, too.
bool SitePolicy::is_own_origin(std::string_view origin, const HttpRequest& request) const {
  const std::size_t slashes = origin.find("://");
  if (slashes == std::string_view::npos) return false;
  const std::string_view scheme = origin.substr(0, slashes);
  const Authority page = authority_of(origin.substr(slashes + 3), scheme);
  const auto host = request.fields.get("Host");
  return (host && page == authority_of(*host, scheme)) ||
         settings_.allowed_hosts.has_name(page.host);
}

void add_browser_fields(HttpFields& fields) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kFields{
      {{"X-Content-Type-Options", "nosniff"},
       {"Cross-Origin-Resource-Policy", "same-origin"},
       {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
       {"Referrer-Policy", "no-referrer"}}};
  for (const auto& [name, value] : kFields) {
    if (!fields.get(name)) fields.add(std::string(name), std::string(value));
  }
}

}  // namespace thumbmill
