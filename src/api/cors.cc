#include "api/cors.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/without_secrets.h"

namespace thumbmill {
namespace {

// What a page may read beyond the few fields that are always readable.
constexpr std::string_view kExposed =
    "Accept-Ranges, Allow, Content-Range, ETag, Link, Location, RateLimit, RateLimit-Policy, "
    "Retry-After, X-Request-Id";

// What a page may send; "*" would leave Authorization out.
constexpr std::string_view kSent =
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-Modified-Since, If-None-Match, "
    "If-Range, If-Unmodified-Since, Last-Event-ID, Range, traceparent, X-API-Key, X-Request-Id";

// Two hours: the most that Chromium keeps it for.
constexpr std::string_view kPreflightAge = "7200";

// scheme://host[:port] in lower case, as browsers send it: no path, no user.
bool is_origin(std::string_view text) {
  const std::size_t slashes = text.find("://");
  if (slashes == std::string_view::npos) return false;
  const std::string_view scheme = text.substr(0, slashes);
  const std::string_view host = text.substr(slashes + 3);
  constexpr std::string_view kHostCharacters = "abcdefghijklmnopqrstuvwxyz0123456789.-:[]_";
  return (scheme == "https" || scheme == "http") && !host.empty() && host.front() != ':' &&
         host.find_first_not_of(kHostCharacters) == std::string_view::npos;
}

}  // namespace

Result<CorsPolicy> CorsPolicy::parse(std::string_view text) {
  CorsPolicy policy;
  if (trim(text).empty()) return policy;
  if (trim(text) == "*") {
    policy.any_ = true;
    return policy;
  }
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string origin = to_lower(trim(text.substr(begin, end - begin)));
    if (!is_origin(origin)) {
      return Status(Code::invalid_argument, fmt::format("\"{}\" is not allowed; allowed: {}",
                                                        without_secrets(origin), kAllowed));
    }
    policy.origins_.push_back(origin);
    begin = end + 1;
  }
  return policy;
}

bool CorsPolicy::allows(std::string_view origin) const {
  return any_ || std::ranges::find(origins_, origin) != origins_.end();
}

void CorsPolicy::add_fields(const HttpRequest& request, std::string_view allow,
                            HttpFields& fields) const {
  if (!any_ && origins_.empty()) return;
  // A cache must not give one site's answer to another, nor one without these fields to any.
  if (!any_) fields.add("Vary", "Origin");
  const auto origin = request.fields.get("Origin");
  if (!origin || !allows(*origin)) return;
  fields.add("Access-Control-Allow-Origin", any_ ? "*" : std::string(*origin));
  if (request.method == "OPTIONS" && request.fields.get("Access-Control-Request-Method")) {
    fields.add("Access-Control-Allow-Methods", std::string(allow));
    fields.add("Access-Control-Allow-Headers", std::string(kSent));
    fields.add("Access-Control-Max-Age", std::string(kPreflightAge));
    return;
  }
  fields.add("Access-Control-Expose-Headers", std::string(kExposed));
}

}  // namespace thumbmill
