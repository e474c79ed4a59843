#include "store/s3/sigv4.h"

#include <algorithm>
#include <ctime>
#include <map>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/ascii.h"
#include "base/hash.h"

namespace thumbmill::s3 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string amz_date(WallTime now) {
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:%Y%m%dT%H%M%S}Z", utc);
}

// Trimmed, and runs of spaces as one.
std::string canonical_value(std::string_view value) {
  std::string canonical;
  for (const char c : trim(value)) {
    if (c != ' ' || canonical.empty() || canonical.back() != ' ') canonical += c;
  }
  return canonical;
}

// By name; several fields of one name are joined by commas.
std::map<std::string, std::string> canonical_headers(const Parameters& headers) {
  std::map<std::string, std::string> canonical;
  for (const auto& [name, value] : headers) {
    const auto [entry, is_new] = canonical.try_emplace(name, canonical_value(value));
    if (!is_new) entry->second += "," + canonical_value(value);
  }
  return canonical;
}

std::string signed_headers(const Parameters& headers) {
  std::string names;
  for (const auto& [name, value] : canonical_headers(headers)) {
    if (!names.empty()) names += ';';
    names += name;
  }
  return names;
}

std::string canonical_query(const Parameters& query) {
  Parameters encoded;
  for (const auto& [name, value] : query)
    encoded.emplace_back(percent_encode(name), percent_encode(value));
  std::sort(encoded.begin(), encoded.end());
  std::string text;
  for (const auto& [name, value] : encoded) {
    if (!text.empty()) text += '&';
    text += fmt::format("{}={}", name, value);
  }
  return text;
}

std::string scope_text(const SigningScope& scope, std::string_view date) {
  return fmt::format("{}/{}/{}/aws4_request", date.substr(0, 8), scope.region, scope.service);
}

std::string signature(const SigningRequest& request, const Credentials& credentials,
                      const SigningScope& scope, std::string_view date) {
  const std::string to_sign =
      fmt::format("{}\n{}\n{}\n{}", kAlgorithm, date, scope_text(scope, date),
                  to_hex(sha256(canonical_request(request))));
  Sha256Digest key = hmac_sha256("AWS4" + credentials.secret_access_key, date.substr(0, 8));
  key = hmac_sha256(as_text(key), scope.region);
  key = hmac_sha256(as_text(key), scope.service);
  key = hmac_sha256(as_text(key), "aws4_request");
  return to_hex(hmac_sha256(as_text(key), to_sign));
}

}  // namespace

std::string canonical_request(const SigningRequest& request) {
  std::string text =
      fmt::format("{}\n{}\n{}\n", request.method, request.path, canonical_query(request.query));
  for (const auto& [name, value] : canonical_headers(request.headers))
    text += fmt::format("{}:{}\n", name, value);
  return text + '\n' + signed_headers(request.headers) + '\n' + request.payload_hash;
}

void sign(SigningRequest& request, const Credentials& credentials, const SigningScope& scope,
          WallTime now) {
  const std::string date = amz_date(now);
  request.headers.emplace_back("x-amz-date", date);
  if (!credentials.session_token.empty())
    request.headers.emplace_back("x-amz-security-token", credentials.session_token);
  request.headers.emplace_back(
      "authorization",
      fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                  credentials.access_key_id, scope_text(scope, date),
                  signed_headers(request.headers), signature(request, credentials, scope, date)));
}

void presign(SigningRequest& request, const Credentials& credentials, const SigningScope& scope,
             WallTime now, std::chrono::seconds ttl) {
  const std::string date = amz_date(now);
  request.query.emplace_back("X-Amz-Algorithm", kAlgorithm);
  request.query.emplace_back("X-Amz-Credential",
                             credentials.access_key_id + "/" + scope_text(scope, date));
  request.query.emplace_back("X-Amz-Date", date);
  request.query.emplace_back("X-Amz-Expires", std::to_string(ttl.count()));
  if (!credentials.session_token.empty())
    request.query.emplace_back("X-Amz-Security-Token", credentials.session_token);
  request.query.emplace_back("X-Amz-SignedHeaders", signed_headers(request.headers));
  request.query.emplace_back("X-Amz-Signature", signature(request, credentials, scope, date));
}

}  // namespace thumbmill::s3
