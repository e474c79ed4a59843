#include "api/signed_url.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/secret.h"

namespace thumbmill {
namespace {

// Until the year 33658; more digits are no time.
constexpr std::size_t kMostDigits = 12;

std::string signature_of(std::string_view path, std::string_view expires,
                         std::string_view signing_key) {
  return to_hex(hmac_sha256(signing_key, fmt::format("GET\n{}\n{}", path, expires)));
}

std::int64_t unix_seconds(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

// The parameter, when it is there exactly once: of two, another reader might take the other.
std::optional<std::string_view> only(const HttpRequest& request, std::string_view name) {
  const auto count = std::ranges::count_if(
      request.query, [&](const auto& parameter) { return parameter.first == name; });
  return count == 1 ? request.query_value(name) : std::nullopt;
}

}  // namespace

std::string sign_path(std::string_view path, std::int64_t expires_unix_s,
                      std::string_view signing_key) {
  const std::string expires = std::to_string(expires_unix_s);
  return fmt::format("{}?expires={}&signature={}", path, expires,
                     signature_of(path, expires, signing_key));
}

Signature check_signature(const HttpRequest& request, const KeyTable& keys, WallTime now,
                          WallTime& expires) {
  if (!request.query_value("signature")) return Signature::absent;
  const auto signature = only(request, "signature");
  const auto text = only(request, "expires");
  if (!signature || !text || text->empty() || text->size() > kMostDigits ||
      text->find_first_not_of("0123456789") != std::string_view::npos) {
    return Signature::wrong;
  }
  bool good = false;
  for (const std::string& signing_key : keys.signing_keys()) {
    good =
        equal_in_constant_time(signature_of(request.path, *text, signing_key), *signature) || good;
  }
  if (!good) return Signature::wrong;
  std::int64_t seconds = 0;
  std::from_chars(text->data(), text->data() + text->size(), seconds);
  expires = from_unix_ms(seconds * 1000);
  return now < expires ? Signature::good : Signature::expired;
}

std::string RenditionUrls::of(std::string_view id, std::string_view rendition) const {
  std::string path = fmt::format("/v1/images/{}/{}", id, rendition);
  const std::shared_ptr<const KeyTable> keys = keys_ ? keys_() : nullptr;
  if (keys == nullptr || keys->signing_keys().empty()) return path;
  const std::int64_t step = std::max<std::int64_t>(1, url_time_.count() / 4);
  const std::int64_t least = unix_seconds(clock_.wall_now()) + url_time_.count();
  return sign_path(path, (least / step + 1) * step, keys->signing_keys().front());
}

}  // namespace thumbmill
