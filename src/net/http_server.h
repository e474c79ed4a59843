// HttpServer: HTTP/1.1 (RFC 9112) on Boost.Asio. It frames, limits and times out; what a request
// means is its HttpService's business. It is stricter than servers commonly are: whatever could be
// read in two ways is refused (see net/http_head.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/address.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/status.h"
#include "metrics/metrics.h"
#include "net/http.h"

namespace thumbmill {

/// Limits on one connection and its requests. Defaults are in the option table.
struct HttpLimits {
  std::size_t request_line_bytes = 8 * 1024;
  std::size_t header_bytes = 16 * 1024;
  std::size_t header_count = 100;
  /// From the first byte of a head to its end; of a new connection also until that byte.
  std::chrono::milliseconds header_time{5'000};
  std::chrono::milliseconds idle_time{15'000};   ///< between requests of a connection
  std::chrono::milliseconds body_time{120'000};  ///< for a whole body
  std::chrono::milliseconds body_grace{9'000};   ///< after which body_rate holds
  std::size_t body_rate_bytes = 10 * 1024;       ///< least bytes a second, on average
  /// Least bytes a second at which an answer is taken, on average once idle_time has passed, within
  /// which something must be taken in any case; 0: any rate. Who is slower is reset.
  std::size_t answer_rate_bytes = 10 * 1024;
  std::size_t connections = 4096;  ///< open at once; the next gets a 503 and is closed
  /// Of them, of one client (see address_of_client); the next gets a 429 and is closed. 0: any.
  std::size_t connections_per_address = 512;
  AddressSet exempt_addresses;  ///< which connections_per_address is not for
};

struct HttpServerOptions {
  std::string host = "127.0.0.1";  ///< address or name to listen on
  std::uint16_t port = 0;          ///< 0: any free one
  std::size_t io_threads = 2;
  /// For HttpTask::run, of reads, and as many of changes; what is in memory has a few.
  std::size_t pool_threads = 32;
  HttpLimits limits;
};

/// Thread-safe. The service, metrics, log and clock outlive it.
class HttpServer {
 public:
  /// Listens. unavailable when the address is taken or cannot be listened on, naming it.
  static Result<std::unique_ptr<HttpServer>> start(const HttpServerOptions& options,
                                                   HttpService& service, Metrics& metrics,
                                                   Logger& log, const Clock& clock, Random& random);

  /// As stop() with no time left.
  virtual ~HttpServer() = default;

  /// The port it listens on.
  virtual std::uint16_t port() const = 0;

  /// Accepts no more, ends idle connections and streams, lets requests that have begun finish for
  /// at most `drain`, then cuts the rest. Returns when no handler is running. Safe to repeat.
  virtual void stop(std::chrono::milliseconds drain) = 0;
};

}  // namespace thumbmill
