// CORS: which other sites' pages may use the API from a browser (Fetch Standard, "HTTP extensions
// of CORS"). Only fields of answers are made here. Credentials are never allowed: there are no
// cookies, and a key in a header is the page's own to send.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "net/http.h"

namespace thumbmill {

/// The origins that are allowed. Immutable.
class CorsPolicy {
 public:
  /// What parse() takes, for people.
  static constexpr std::string_view kAllowed =
      "*, or origins such as https://app.example.com separated by commas; empty: none";

  /// Allows none.
  CorsPolicy() = default;

  /// Reads the setting. invalid_argument naming what is no origin.
  static Result<CorsPolicy> parse(std::string_view text);

  /// Whether pages of `origin`, as in the field Origin, may use the API.
  bool allows(std::string_view origin) const;

  /// Adds what the browser wants to know to the fields of the answer to `request`; nothing where no
  /// origin is allowed. `allow` is the path's methods, as in the field Allow.
  void add_fields(const HttpRequest& request, std::string_view allow, HttpFields& fields) const;

 private:
  bool any_ = false;
  std::vector<std::string> origins_;
};

}  // namespace thumbmill
