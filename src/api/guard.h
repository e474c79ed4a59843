// Guard: what stands before every route of the API and decides by a request's head alone, before a
// byte of its body is received: who asks (a key, a signed URL), whether they may, and whether they
// ask too often. It also says what every answer is to carry of its rate limit. The router applies
// it; the operations port has none.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include "api/allowance.h"
#include "api/key_table.h"
#include "api/problem.h"
#include "api/signed_url.h"
#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "net/http.h"

namespace thumbmill {

struct GuardSettings {
  KeySource keys;  ///< empty: no keys are configured, and nothing is refused for want of one
  std::chrono::seconds url_time{3600};  ///< of signed URLs
  /// Of a client that has none of its own. Bytes are not limited either where a key has no limit of
  /// requests.
  ClientLimits limits;
};

/// What the guard makes of a request.
struct Admission {
  std::optional<HttpResponse> refusal;   ///< the answer; nothing when the request may go on
  HttpFields fields;                     ///< for the answer, whatever it will be
  std::shared_ptr<Allowance> allowance;  ///< what else it takes; null: it has no limits. Shared by
                                         ///< the handler, which takes, and the answer, which tells
  std::string client;                    ///< the name of the key; empty without one
  std::string caller;                    ///< "key NAME" or "address ...": whose limits and turns
  bool guarded = false;                  ///< not everybody may have this answer: no shared cache
  std::optional<WallTime> until;         ///< when what admitted it ends: the signature's expiry
};

/// Thread-safe; never blocks. Metrics, log and clock outlive it.
class Guard {
 public:
  Guard(GuardSettings settings, Metrics& metrics, Logger& log, const Clock& clock)
      : settings_(std::move(settings)),
        metrics_(metrics),
        log_(log),
        clock_(clock),
        buckets_(clock) {}

  /// `method` and `pattern` are the route's that was found, empty when there is none: such a
  /// request needs no key, for its answer (404, 405, OPTIONS) tells nothing. It counts as every
  /// other does.
  Admission admit(const HttpRequest& request, std::string_view method, std::string_view pattern);

 private:
  struct Refusal {
    Problem problem;
    std::string_view reason;  // a fixed word for metrics and the log
    std::string message;
    std::string challenge = {};  // WWW-Authenticate
  };
  struct Caller {
    const ApiKey* key = nullptr;
    std::optional<WallTime> until;
    std::optional<Refusal> refusal;
  };

  Caller identify(const HttpRequest& request, const KeyTable& keys, Scope needed,
                  std::string_view pattern) const;
  std::shared_ptr<Allowance> allowance_of(const std::string& caller, const ApiKey* key);
  HttpResponse refuse(const HttpRequest& request, const ApiKey* key, const Refusal& refusal) const;

  const GuardSettings settings_;
  Metrics& metrics_;
  Logger& log_;
  const Clock& clock_;
  ClientBuckets buckets_;
};

}  // namespace thumbmill
