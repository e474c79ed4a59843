// Client: one S3 request from its parts to its answer: credentials, signature, retries, clock
// correction. It knows the protocol's frame, not what objects are: that is S3Store. Internal to
// store/s3.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/op_context.h"
#include "base/random.h"
#include "metrics/metrics.h"
#include "store/s3/breaker.h"
#include "store/s3/credentials.h"
#include "store/s3/endpoint.h"
#include "store/s3/http_transport.h"
#include "store/s3/retry_policy.h"

namespace thumbmill::s3 {

struct Request {
  std::string method;
  std::string key = {};        ///< with the bucket's prefix; empty: the bucket itself
  Parameters query = {};       ///< not encoded
  Parameters headers = {};     ///< lower-case names; all are signed
  const Blob* body = nullptr;  ///< borrowed
  std::string body_hash = {};  ///< SHA-256 of `body` in hexadecimal; unused without one
  HttpTimes times = {};
  bool document_in_success = false;  ///< a 200 is one only with a document that is no <Error>
  std::uint64_t most_bytes = std::numeric_limits<std::uint64_t>::max();  ///< of the answer's body
};

/// Whether the server has said no to a request. Repeating it changes nothing before somebody
/// changes the server, its policy or our settings.
enum class Refusal {
  none,    ///< it succeeded, met the object's own state, or the server has trouble of its own
  denied,  ///< for want of a right: 403 AccessDenied
  other,   ///< any other 4xx, or 501
};

/// What became of a request.
struct Outcome {
  Result<HttpAnswer> answer;  ///< of a status 2xx
  /// An attempt before the last one broke off, and may have taken effect all the same.
  bool uncertain = false;
  Refusal refusal = Refusal::none;
};

/// Thread-safe. Everything passed in outlives it.
class Client {
 public:
  Client(Endpoint endpoint, std::string region, HttpTransport& transport,
         CredentialChain& credentials, Clock& clock, Random& random, Metrics& metrics, Logger& log);

  /// Sends the request until it succeeds, fails for good, or is not worth another attempt; not at
  /// all while the breaker is open.
  /// not_found: 404 for an object. conflict: 412. exhausted: the store is full. unavailable:
  /// anything else, refusals included, for whatever the server does not take is not the object's
  /// fault; its answer is in the detail.
  Outcome send(const Request& request, const OpContext& context);

  /// A URL that carries a signature over `method`, `key` and `headers` (which must then be sent),
  /// good for `ttl`.
  Result<std::string> presign(const std::string& method, const std::string& key,
                              const Parameters& headers, std::chrono::seconds ttl,
                              const OpContext& context);

 private:
  struct Attempt {
    Result<HttpAnswer> answer;
    Fault fault = Fault::permanent;  // when there is no answer
    bool may_have_taken_effect = false;
    Refusal refusal = Refusal::none;
  };

  Outcome send_until_settled(const Request& request, const OpContext& context, Fault& fault);
  void tell_breaker(const Status& status, Fault fault);
  Attempt attempt(const Request& request, const OpContext& context);
  Attempt judge(const Request& request, const Credentials& credentials, HttpAnswer answer);
  SigningRequest signable(const std::string& method, const std::string& key) const;
  void correct_clock(const HttpAnswer& answer);
  bool is_clock_wrong(const HttpAnswer& answer) const;
  WallTime server_now() const;

  const Endpoint endpoint_;
  const SigningScope scope_;
  HttpTransport& transport_;
  CredentialChain& credentials_;
  Clock& clock_;
  Random& random_;
  Metrics& metrics_;
  Logger& log_;
  RetryTokens tokens_;
  Breaker breaker_;
  std::atomic<std::int64_t> clock_offset_ms_ = 0;  // the server's clock less ours
};

}  // namespace thumbmill::s3
