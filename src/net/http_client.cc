#include "net/http_client.h"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/unique_fd.h"
#include "base/without_secrets.h"
#include "net/chunked.h"
#include "net/http_head.h"

namespace thumbmill {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kMaxHead = 64 * 1024;

struct ResponseHead {
  HttpResponse response;
  std::optional<std::uint64_t> length;
  bool chunked = false;
  bool keep_alive = true;
};

Status broken(std::string_view what) {
  return Status(Code::unavailable, fmt::format("the server's answer {}", what));
}

Result<ResponseHead> parse_response_head(std::string_view text) {
  ResponseHead head;
  const std::size_t end = text.find("\r\n");
  const std::string_view line = text.substr(0, end);
  if (line.size() < 12 || !line.starts_with("HTTP/1.")) return broken("is not HTTP");
  const auto [last, error] =
      std::from_chars(line.data() + 9, line.data() + 12, head.response.status);
  if (error != std::errc() || last != line.data() + 12) return broken("has no status");
  for (std::size_t start = end + 2; start < text.size();) {
    const std::size_t line_end = text.find("\r\n", start);
    if (line_end == start || line_end == std::string_view::npos) break;
    auto field = parse_field_line(text.substr(start, line_end - start));
    if (!field) return broken("has a malformed header");
    head.response.fields.add(std::move(field->first), std::move(field->second));
    start = line_end + 2;
  }
  const HttpFields& fields = head.response.fields;
  head.chunked = fields.get("transfer-encoding") == "chunked";
  head.keep_alive = fields.get("connection") != "close";
  if (const auto length = fields.get("content-length")) {
    std::uint64_t value = 0;
    const auto [number_end, bad] =
        std::from_chars(length->data(), length->data() + length->size(), value);
    if (bad != std::errc() || number_end != length->data() + length->size())
      return broken("has a bad length");
    head.length = value;
  }
  return head;
}

class SocketClient final : public HttpClient {
 public:
  SocketClient(HttpOrigin origin, const Clock& clock) : origin_(std::move(origin)), clock_(clock) {}

  Result<HttpResponse> send(std::string_view method, std::string_view target,
                            const HttpFields& fields, const Blob& body,
                            const OpContext& context) override {
    std::string bytes;
    const auto keep = [&](std::string_view part) {
      bytes += part;
      return true;
    };
    ASSIGN_OR_RETURN(HttpResponse response, exchange(method, target, fields, body, keep, context));
    response.body = Blob(std::move(bytes));
    return response;
  }

  Status stream(std::string_view target, const HttpFields& fields,
                const std::function<bool(std::string_view)>& on_bytes,
                const OpContext& context) override {
    return exchange("GET", target, fields, Blob(), on_bytes, context).status();
  }

 private:
  Result<HttpResponse> exchange(std::string_view method, std::string_view target,
                                const HttpFields& fields, const Blob& body,
                                const std::function<bool(std::string_view)>& on_bytes,
                                const OpContext& context) {
    for (bool fresh = !socket_.valid();; fresh = true) {
      if (!socket_.valid()) RETURN_IF_ERROR(connect(context));
      buffer_.clear();
      Status sent = write_request(method, target, fields, body, context);
      Result<ResponseHead> head =
          sent.code() == Code::unavailable || sent.ok() ? read_head(context) : sent;
      if (!head.ok()) {
        socket_.reset();
        // A kept connection may have been closed by the server before it saw this request.
        if (!fresh && buffer_.empty() && head.status().code() == Code::unavailable) continue;
        return head.status();
      }
      const Status read = read_body(method, *head, on_bytes, context);
      if (!read.ok() || !head->keep_alive || !sent.ok()) socket_.reset();
      RETURN_IF_ERROR(read);
      return std::move(head->response);
    }
  }

  Status connect(const OpContext& context) {
    const std::string where = fmt::format("cannot connect to {}:{}", origin_.host, origin_.port);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int failed =
        ::getaddrinfo(origin_.host.c_str(), std::to_string(origin_.port).c_str(), &hints, &found);
    if (failed != 0) return Status(Code::unavailable, where, ::gai_strerror(failed));
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, ::freeaddrinfo);
    Status last(Code::unavailable, where);
    for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
      UniqueFd socket(::socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      if (!socket.valid()) return status_from_errno(errno, where);
      int error = ::connect(socket.get(), at->ai_addr, at->ai_addrlen) == 0 ? 0 : errno;
      if (error == EINPROGRESS) {
        RETURN_IF_ERROR(wait_for(socket.get(), POLLOUT, context));
        socklen_t size = sizeof error;
        ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
      }
      if (error == 0) {
        const int on = 1;
        ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        socket_ = std::move(socket);
        return Status();
      }
      last = Status(Code::unavailable, where, status_from_errno(error, "connect").detail());
    }
    return last;
  }

  Status wait_for(int socket, short events, const OpContext& context) const {
    while (true) {
      RETURN_IF_ERROR(context.check(clock_));
      // In slices, so that a stop request is seen.
      const auto left = std::min<std::chrono::nanoseconds>(context.deadline - clock_.now(),
                                                           std::chrono::milliseconds(200));
      pollfd watched{socket, events, 0};
      const auto timeout = std::chrono::ceil<std::chrono::milliseconds>(left).count();
      const int ready = ::poll(&watched, 1, static_cast<int>(std::max<std::int64_t>(timeout, 0)));
      if (ready > 0) return Status();
      if (ready < 0 && errno != EINTR) return status_from_errno(errno, "waiting for the server");
    }
  }

  Status write(std::string_view bytes, const OpContext& context) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno == EAGAIN) {
        RETURN_IF_ERROR(wait_for(socket_.get(), POLLOUT, context));
      } else if (errno != EINTR) {
        return Status(Code::unavailable, "the server closed the connection",
                      status_from_errno(errno, "send").detail());
      }
    }
    return Status();
  }

  Status write_request(std::string_view method, std::string_view target, const HttpFields& fields,
                       const Blob& body, const OpContext& context) {
    const bool is_ipv6 = origin_.host.find(':') != std::string::npos;
    std::string head =
        fmt::format("{} {}{} HTTP/1.1\r\nHost: {}:{}\r\n", method, origin_.base_path, target,
                    is_ipv6 ? "[" + origin_.host + "]" : origin_.host, origin_.port);
    for (const auto& [name, value] : fields.all()) head += fmt::format("{}: {}\r\n", name, value);
    if (body.size() > 0 || method == "POST" || method == "PUT") {
      head += fmt::format("Content-Length: {}\r\n", body.size());
    }
    head += "\r\n";
    RETURN_IF_ERROR(write(head, context));
    if (body.fd() < 0) return write(body.memory(), context);
    std::string part;
    for (std::uint64_t done = 0; done < body.size(); done += part.size()) {
      part.resize(std::min<std::uint64_t>(kReadBytes, body.size() - done));
      RETURN_IF_ERROR(body.read(done, part));
      RETURN_IF_ERROR(write(part, context));
    }
    return Status();
  }

  // Adds to buffer_; false at the end of the stream.
  Result<bool> read_more(const OpContext& context) {
    const std::size_t kept = buffer_.size();
    while (true) {
      buffer_.resize(kept + kReadBytes);
      const ssize_t got = ::recv(socket_.get(), buffer_.data() + kept, kReadBytes, 0);
      const int error = errno;
      buffer_.resize(kept + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
      if (got >= 0) return got > 0;
      if (error == EAGAIN) {
        RETURN_IF_ERROR(wait_for(socket_.get(), POLLIN, context));
      } else if (error != EINTR) {
        return Status(Code::unavailable, "the connection to the server broke",
                      status_from_errno(error, "recv").detail());
      }
    }
  }

  Result<ResponseHead> read_head(const OpContext& context) {
    while (true) {
      const std::size_t end = buffer_.find("\r\n\r\n");
      if (end != std::string::npos) {
        ASSIGN_OR_RETURN(ResponseHead head,
                         parse_response_head(std::string_view(buffer_).substr(0, end + 2)));
        buffer_.erase(0, end + 4);
        if (head.response.status == 100) continue;
        return head;
      }
      if (buffer_.size() > kMaxHead) return broken("has too large a head");
      ASSIGN_OR_RETURN(const bool more, read_more(context));
      if (!more) return broken("broke off");
    }
  }

  Status read_body(std::string_view method, const ResponseHead& head,
                   const std::function<bool(std::string_view)>& on_bytes,
                   const OpContext& context) {
    const int status = head.response.status;
    if (method == "HEAD" || status == 204 || status == 304) return Status();
    ChunkedDecoder decoder;
    const auto sink = [&](std::string_view part) {
      return on_bytes(part) ? Status() : Status(Code::cancelled, "enough was read");
    };
    std::uint64_t left = head.length.value_or(UINT64_MAX);
    while (left > 0 && !(head.chunked && decoder.finished())) {
      if (buffer_.empty()) {
        ASSIGN_OR_RETURN(const bool more, read_more(context));
        if (!more && !head.chunked && !head.length) return Status();
        if (!more) return broken("broke off");
      }
      if (head.chunked) {
        ASSIGN_OR_RETURN(const std::size_t used, decoder.feed(buffer_, sink));
        buffer_.erase(0, used);
      } else {
        const std::string_view part = std::string_view(buffer_).substr(0, left);
        RETURN_IF_ERROR(sink(part));
        left -= part.size();
        buffer_.erase(0, part.size());
      }
    }
    return Status();
  }

  const HttpOrigin origin_;
  const Clock& clock_;
  UniqueFd socket_;
  std::string buffer_;
};

}  // namespace

Result<HttpOrigin> parse_http_origin(std::string_view url) {
  const auto bad = [&] {
    return Status(Code::invalid_argument,
                  fmt::format("\"{}\" is not allowed; allowed: http://HOST[:PORT][/PATH]",
                              without_secrets(url)));
  };
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme) || url.find('@') != std::string_view::npos) return bad();
  std::string_view rest = url.substr(kScheme.size());
  HttpOrigin origin;
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  origin.base_path = rest.substr(slash);
  while (origin.base_path.ends_with('/')) origin.base_path.pop_back();
  rest = rest.substr(0, slash);
  const std::size_t bracket = rest.starts_with('[') ? rest.find(']') : 0;
  if (bracket == std::string_view::npos) return bad();
  const std::size_t colon = rest.find(':', bracket);
  origin.host =
      rest.substr(bracket == 0 ? 0 : 1, bracket == 0 ? std::min(colon, rest.size()) : bracket - 1);
  if (colon != std::string_view::npos) {
    const std::string_view port = rest.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), origin.port);
    if (error != std::errc() || end != port.data() + port.size()) return bad();
  }
  if (origin.host.empty() || origin.port == 0) return bad();
  return origin;
}

std::unique_ptr<HttpClient> HttpClient::create(HttpOrigin origin, const Clock& clock) {
  return std::make_unique<SocketClient>(std::move(origin), clock);
}

}  // namespace thumbmill
