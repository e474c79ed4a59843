// SitePolicy: what web pages may do with this service. A browser that can reach the service sends
// requests for every page that its user opens, so an address that only this machine or network can
// reach is no protection by itself. The policy refuses host names that are not the service's own
// (DNS rebinding) and requests of other sites' pages (cross-site request forgery), and adds the
// fields that keep browsers from misusing answers. It knows no keys; see api/guard.h.
//
// Clients that are no browsers send neither Origin nor Sec-Fetch-Site and notice nothing but the
// check of the host name.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/cors.h"
#include "api/problem.h"
#include "base/status.h"
#include "net/http.h"

namespace thumbmill {

/// Host names under which the service may be reached. Immutable.
class HostList {
 public:
  /// What parse() takes, for people.
  static constexpr std::string_view kAllowed =
      "host names without port, such as photos.example.com, *.example.com for all names below it, "
      "or * for all, separated by commas; empty: none";

  /// Has none.
  HostList() = default;

  /// Reads the setting. invalid_argument naming what is no host name.
  static Result<HostList> parse(std::string_view text);

  /// Whether `host` is in the list, by itself or by a `*`. In lower case, without port.
  bool matches(std::string_view host) const;

  /// Whether `host` is in the list by itself.
  bool has_name(std::string_view host) const;

 private:
  bool any_ = false;
  std::vector<std::string> names_;
  std::vector<std::string> domains_;  // what is after a "*", with its dot
};

struct SiteSettings {
  HostList allowed_hosts;   ///< beside localhost and all IP addresses
  std::string listen_host;  ///< what the service listens on, which is allowed when it is a name
  CorsPolicy cors;          ///< whose pages count as our own
  /// Off where each request needs a key: a page that reaches us by a name of its own has none.
  bool check_host = true;
};

/// Thread-safe, immutable.
class SitePolicy {
 public:
  struct Refusal {
    Problem problem;
    std::string_view reason;  ///< a fixed word for metrics and the log
    std::string message;
  };

  explicit SitePolicy(SiteSettings settings = {});

  /// Whether a request must not be answered, and why. With `embeddable`, pages of other sites may
  /// show the answer as an image, so a GET of theirs is let through.
  std::optional<Refusal> check(const HttpRequest& request, bool embeddable) const;

  /// Adds the fields of CORS to those of the answer; see CorsPolicy.
  void add_cors_fields(const HttpRequest& request, std::string_view allow,
                       HttpFields& fields) const {
    settings_.cors.add_fields(request, allow, fields);
  }

 private:
  bool is_known(std::string_view host) const;
  bool is_foreign(const HttpRequest& request) const;
  bool is_own_origin(std::string_view origin, const HttpRequest& request) const;

  SiteSettings settings_;
};

/// Adds what every answer tells browsers, as far as it does not say otherwise: its type is as it
/// says (nosniff), other sites may not embed it (Cross-Origin-Resource-Policy), it may load and run
/// nothing and be in no frame (Content-Security-Policy), and links from it name no page of ours
/// (Referrer-Policy).
void add_browser_fields(HttpFields& fields);

}  // namespace thumbmill
