// HTTP as the rest of the program sees it: a request, a response, and the contract between the
// server and whoever answers. No I/O and no HTTP library here; net/http_server.h does that.
//
// The shape keeps threads simple. The server reads heads and bodies on its I/O threads and never
// blocks there; a request that is complete is run on one of its pools of threads, which may block;
// an answer may be given at once or later (long-polls, event streams), from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/blob.h"
#include "base/op_context.h"
#include "base/status.h"

namespace thumbmill {

/// Header fields in order; names compare without regard to case (RFC 9110, section 5.1).
class HttpFields {
 public:
  void add(std::string name, std::string value);
  /// Replaces every field of that name by one.
  void set(std::string_view name, std::string value);
  /// The first field of that name, or nothing.
  std::optional<std::string_view> get(std::string_view name) const;
  /// How many fields of that name there are.
  std::size_t count(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// A request's head, checked by the server (RFC 9112) and taken apart.
struct HttpRequest {
  std::string method;  ///< "GET", in capitals as sent
  /// Percent-decoded, starts with '/', no NUL; "/" for an empty one. Each slash was one as sent: an
  /// encoded slash (%2F) is refused, so that splitting here is splitting before decoding.
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;  ///< percent-decoded, in order
  HttpFields fields;
  std::optional<std::uint64_t> content_length;  ///< nothing when chunked or without a body
  bool has_body = false;
  std::string remote_address;  ///< of the peer, without the port
  std::string request_id;      ///< the client's X-Request-Id when it is well formed, else a new one
  SteadyTime received{};       ///< when the head was complete

  /// The first query parameter of that name, or nothing.
  std::optional<std::string_view> query_value(std::string_view name) const;
};

/// An answer. The server adds Date, Content-Length, X-Request-Id and Connection, and sends no body
/// to HEAD or with 204 and 304.
struct HttpResponse {
  int status = 200;
  HttpFields fields;
  Blob body;
};

/// An answer without an end: server-sent events. Thread-safe.
class HttpStream {
 public:
  virtual ~HttpStream() = default;
  /// Queues text to be sent. False when the client is gone or too slow (64 KiB are waiting), and
  /// then for ever: stop sending.
  virtual bool send(std::string text) = 0;
  /// `callback` is called each time when all that was sent has been handed to the kernel: time to
  /// send more. By an I/O thread: it must not block. Set before the first send().
  virtual void on_drained(std::function<void()> callback) = 0;
  /// Sends what is queued, then ends the answer.
  virtual void close() = 0;
  /// `callback` is called once when the stream has ended for whatever reason; at once if it has.
  virtual void on_closed(std::function<void()> callback) = 0;
};

/// The duty to answer one request: exactly one of respond() and stream() is called, by any thread.
/// Copies share the duty; only the first answer counts. Dropped by all without an answer, the
/// client gets a 500.
class Responder {
 public:
  /// What the server does for it. Thread-safe.
  class Target {
   public:
    virtual ~Target() = default;
    virtual bool respond(HttpResponse response) = 0;
    virtual std::shared_ptr<HttpStream> stream(HttpResponse head) = 0;
    virtual void at(SteadyTime when, std::function<void()> action) = 0;
  };

  explicit Responder(std::shared_ptr<Target> target) : target_(std::move(target)) {}

  /// Sends an answer. False when the request is answered already.
  bool respond(HttpResponse response) { return target_->respond(std::move(response)); }

  /// Starts an endless answer with this head (its body is sent first); null when the request is
  /// answered already.
  std::shared_ptr<HttpStream> stream(HttpResponse head) { return target_->stream(std::move(head)); }

  /// Runs `action` on a pool thread at `when`: the time-out of a long-poll. Sooner when there is
  /// nothing to wait for: the server is stopping, or the client has gone (or has closed its side of
  /// the connection, and may still read the answer). It runs even when the request has been
  /// answered; respond() is then false.
  void at(SteadyTime when, std::function<void()> action) { target_->at(when, std::move(action)); }

 private:
  std::shared_ptr<Target> target_;  // shared by the connection and everybody who may answer
};

/// What a request may wait for. Each kind has threads of its own, so that requests that wait for
/// one thing do not hold up those that wait for another.
enum class WorkKind {
  read,       ///< for what is stored
  change,     ///< for that, and for the queue
  in_memory,  ///< for nothing
};

/// What becomes of one request: made when its head is there, fed its body, then run.
class HttpTask {
 public:
  virtual ~HttpTask() = default;

  /// The most body bytes it takes; more is a 413, and known from Content-Length before any is read.
  virtual std::uint64_t body_limit() const { return 64 * 1024; }

  /// Takes the next stretch of the body. On an I/O thread, in order: may write to a local file,
  /// must not wait for anything else. A failure stops the body; reject() is asked for the answer.
  virtual Status on_body(std::string_view bytes) = 0;

  /// Which threads run() may block.
  virtual WorkKind kind() const { return WorkKind::read; }

  /// The whole body has come (or there is none). On a thread of its kind: may block. Answers
  /// through `responder`, now or later. The task is destroyed when this returns.
  virtual void run(Responder responder, const OpContext& context) = 0;

  /// The answer to a request whose body was refused, too long, too slow or cut short.
  virtual HttpResponse reject(const Status& failure) = 0;
};

/// What answers requests. Thread-safe.
class HttpService {
 public:
  virtual ~HttpService() = default;

  /// Called on an I/O thread when a head has been read; must not block. Never null.
  virtual std::unique_ptr<HttpTask> begin(std::shared_ptr<const HttpRequest> request) = 0;

  /// The answer to a request the server refuses itself (malformed, too large a head, too slow, too
  /// many connections), so that it has the same form as every other. `reason` is a fixed word.
  virtual HttpResponse reject(int status, std::string_view reason, std::string_view message,
                              std::string_view request_id) = 0;
};

/// "Not Found" for 404; RFC 9110, section 15.
std::string_view http_reason(int status);

}  // namespace thumbmill
