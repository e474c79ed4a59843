// HttpClient: one keep-alive HTTP/1.1 connection, blocking. For our own tools (load, dead, the
// tests), which talk to one server; not a general client: no redirects, no TLS, no proxies.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/op_context.h"
#include "base/status.h"
#include "net/http.h"

namespace thumbmill {

/// Scheme, host and port of a server, and the path before all paths (without a final '/').
struct HttpOrigin {
  std::string host;
  std::uint16_t port = 80;
  std::string base_path;
};

/// Takes "http://host[:port][/path]" apart. invalid_argument otherwise.
Result<HttpOrigin> parse_http_origin(std::string_view url);

/// One thread at a time. Connects at the first request, and again when the connection was lost.
class HttpClient {
 public:
  static std::unique_ptr<HttpClient> create(HttpOrigin origin, const Clock& clock);
  virtual ~HttpClient() = default;

  /// Sends a request and reads the whole answer, whatever its status. A kept connection that turns
  /// out to be closed before any byte of the answer came is opened anew, once. unavailable: cannot
  /// connect, or the answer broke off. deadline_exceeded.
  virtual Result<HttpResponse> send(std::string_view method, std::string_view target,
                                    const HttpFields& fields, const Blob& body,
                                    const OpContext& context) = 0;

  /// Sends a GET and hands on the body as it comes (an event stream) until it ends or `on_bytes`
  /// returns false.
  virtual Status stream(std::string_view target, const HttpFields& fields,
                        const std::function<bool(std::string_view)>& on_bytes,
                        const OpContext& context) = 0;
};

}  // namespace thumbmill
