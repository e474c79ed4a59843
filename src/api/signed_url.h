// Signed URLs: an address of a rendition that its holder may load until it expires, without a key,
// so that a browser can show it. Made and checked here; which routes take them is in api/access.h.
//
//   PATH?expires=UNIX_SECONDS&signature=HEX
//   HEX = HMAC-SHA256(signing key, "GET\n" PATH "\n" UNIX_SECONDS)
//
// HEAD is asked as GET. Nothing else of the URL is signed: no other parameter changes what these
// routes answer.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "api/key_table.h"
#include "base/clock.h"
#include "net/http.h"

namespace thumbmill {

/// What a URL's signature says of it.
enum class Signature {
  absent,   ///< there is none
  wrong,    ///< of another URL, with another key, or malformed
  expired,  ///< good once
  good,
};

/// `path` with `expires` and its signature.
std::string sign_path(std::string_view path, std::int64_t expires_unix_s,
                      std::string_view signing_key);

/// Checks the parameters of a request against its path; every signing key is tried. `expires` is
/// set when it is good.
Signature check_signature(const HttpRequest& request, const KeyTable& keys, WallTime now,
                          WallTime& expires);

/// Makes the URLs of renditions and originals that answers show: signed where keys are configured
/// that can sign, the bare path otherwise. Thread-safe; the clock outlives it.
class RenditionUrls {
 public:
  RenditionUrls(KeySource keys, std::chrono::seconds url_time, const Clock& clock)
      : keys_(std::move(keys)), url_time_(url_time), clock_(clock) {}

  /// Good for at least the URL time, and up to a quarter longer: within a quarter the address stays
  /// the same, so that a browser's cache is of use.
  std::string of(std::string_view id, std::string_view rendition) const;

 private:
  const KeySource keys_;
  const std::chrono::seconds url_time_;
  const Clock& clock_;
};

}  // namespace thumbmill
