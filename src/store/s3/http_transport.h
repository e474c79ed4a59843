// HttpTransport: one HTTP exchange, as the S3 client and the credential sources need it. It knows
// neither S3 nor retries. CurlTransport is the real one; tests of the client script another.
// Internal to store/s3.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "base/blob.h"
#include "base/op_context.h"
#include "base/status.h"
#include "store/s3/percent.h"

namespace thumbmill::s3 {

/// How long the parts of an exchange may take. Defaults: docs/s3.md.
struct HttpTimes {
  std::chrono::milliseconds connect{2'000};     ///< name, TCP and TLS together
  std::chrono::milliseconds first_byte{5'000};  ///< from the whole request's arrival to an answer
  std::chrono::seconds stalled{10};             ///< slower than stalled_rate_bytes for this long
  std::int64_t stalled_rate_bytes = 1024;       ///< a second
  std::optional<std::chrono::milliseconds> whole = std::nullopt;  ///< of one exchange, if bounded
};

struct HttpCall {
  std::string method;
  std::string url;             ///< encoded, sent as it is
  Parameters headers = {};     ///< lower-case names; "host" as in the URL unless it is here
  const Blob* body = nullptr;  ///< borrowed; null: none, and no content-length
  HttpTimes times = {};
  bool direct = false;  ///< past any proxy of the environment
  std::uint64_t most_bytes = std::numeric_limits<std::uint64_t>::max();  ///< of the answer's body
};

struct HttpAnswer {
  int status = 0;
  Parameters headers;  ///< lower-case names, trimmed values
  Blob body;           ///< in a file when it is large

  /// The first header of that (lower-case) name, or nothing.
  std::optional<std::string_view> header(std::string_view name) const;
};

/// Thread-safe.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;

  /// Sends the request and reads the whole answer, whatever its status; follows no redirect.
  /// unavailable: no connection, it broke, the answer is shorter than announced, or a time of
  /// `call.times` is over. deadline_exceeded and cancelled: the context's. exhausted: no room for
  /// the body. too_large: over `most_bytes`.
  virtual Result<HttpAnswer> send(const HttpCall& call, const OpContext& context) = 0;
};

/// An HTTP date (RFC 9110, section 5.6.7), or nothing.
std::optional<WallTime> parse_http_time(const std::string& text);

}  // namespace thumbmill::s3
