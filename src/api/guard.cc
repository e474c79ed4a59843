#include "api/guard.h"

#include <fmt/format.h>

#include "base/address.h"
#include "base/ascii.h"

namespace thumbmill {
namespace {

constexpr std::string_view kRealm = "Bearer realm=\"thumbmill\"";

// The key that a request carries (RFC 6750, section 2.1, or X-API-Key, which gateways and KEDA
// send). Another scheme of Authorization is somebody else's: a proxy may ask for a password.
std::optional<std::string_view> sent_key(const HttpRequest& request) {
  constexpr std::string_view kScheme = "bearer ";
  if (const auto credentials = request.fields.get("Authorization")) {
    if (to_lower(credentials->substr(0, kScheme.size())) == kScheme) {
      return trim(credentials->substr(kScheme.size()));
    }
  }
  return request.fields.get("X-API-Key");
}

}  // namespace

Admission Guard::admit(const HttpRequest& request, std::string_view method,
                       std::string_view pattern) {
  Admission admission;
  Scope needed = Scope::open;
  if (!method.empty()) needed = scope_of_route(method, pattern).value_or(Scope::admin);
  // Kept until the end: the key that is found points into it.
  const std::shared_ptr<const KeyTable> keys = settings_.keys ? settings_.keys() : nullptr;
  Caller caller;
  if (keys != nullptr) caller = identify(request, *keys, needed, pattern);
  admission.guarded = keys != nullptr && needed != Scope::open;
  admission.until = caller.until;
  if (caller.key != nullptr) admission.client = caller.key->name;
  admission.caller = caller.key != nullptr ? "key " + caller.key->name
                                           : "address " + address_of_client(request.remote_address);
  admission.allowance = allowance_of(admission.caller, caller.key);
  // First, so that trying keys is limited as well; and of every request, for none is free.
  const Status taken = admission.allowance ? admission.allowance->take_requests(1) : Status();
  std::optional<Refusal> refusal = std::move(caller.refusal);
  if (!taken.ok()) refusal = Refusal{Problem::rate_limited, "rate_limit", taken.message()};
  if (refusal) admission.refusal = refuse(request, caller.key, *refusal);
  return admission;
}

Guard::Caller Guard::identify(const HttpRequest& request, const KeyTable& keys, Scope needed,
                              std::string_view pattern) const {
  Caller caller;
  const auto sent = sent_key(request);
  if (sent) caller.key = keys.find(*sent);
  if (needed == Scope::open) return caller;
  if (sent) {
    if (caller.key == nullptr) {
      caller.refusal = Refusal{Problem::unauthorized, "key_unknown", "this key is not known",
                               fmt::format("{}, error=\"invalid_token\"", kRealm)};
    } else if (!caller.key->may(needed)) {
      caller.refusal = Refusal{Problem::forbidden, "scope",
                               fmt::format("this key lacks the scope {}", scope_name(needed)),
                               fmt::format("{}, error=\"insufficient_scope\", scope=\"{}\"", kRealm,
                                           scope_name(needed))};
    }
    return caller;
  }
  WallTime expires{};
  const Signature signature = takes_signature(pattern)
                                  ? check_signature(request, keys, clock_.wall_now(), expires)
                                  : Signature::absent;
  switch (signature) {
    case Signature::good:
      caller.until = expires;
      break;
    case Signature::expired:
      caller.refusal = Refusal{Problem::bad_signature, "signature_expired",
                               "this signed URL has expired: ask for the image again"};
      break;
    case Signature::wrong:
      caller.refusal =
          Refusal{Problem::bad_signature, "signature", "the signature is not of this URL"};
      break;
    case Signature::absent:
      caller.refusal =
          Refusal{Problem::unauthorized, "key_missing",
                  fmt::format("send a key with the scope {}: Authorization: Bearer KEY",
                              scope_name(needed)),
                  std::string(kRealm)};
      break;
  }
  return caller;
}

std::shared_ptr<Allowance> Guard::allowance_of(const std::string& caller, const ApiKey* key) {
  ClientLimits limits = settings_.limits;
  if (key != nullptr && key->rate) limits.requests = *key->rate;
  if (key != nullptr && key->rate && key->rate->per_second == 0) limits.bytes = RateLimit();
  if (limits.requests.per_second == 0 && limits.bytes.per_second == 0) return nullptr;
  return std::make_shared<Allowance>(caller, limits, buckets_, metrics_);
}

HttpResponse Guard::refuse(const HttpRequest& request, const ApiKey* key,
                           const Refusal& refusal) const {
  const bool counted = refusal.problem == Problem::rate_limited;  // by the allowance
  if (!counted) metrics_.add(metric::kHttpRejected, 1, {refusal.reason});
  log_.debug("request refused", {{"request_id", request.request_id},
                                 {"reason", refusal.reason},
                                 {"key", key != nullptr ? key->name : ""},
                                 {"address", request.remote_address},
                                 {"method", request.method},
                                 {"path", request.path}});
  HttpResponse response = problem_response(refusal.problem, refusal.message, request);
  if (!refusal.challenge.empty()) response.fields.add("WWW-Authenticate", refusal.challenge);
  return response;
}

}  // namespace thumbmill
