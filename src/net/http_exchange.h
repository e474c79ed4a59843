// One request being answered: the meeting point of the connection, which waits, and of whoever
// answers, on any thread and at any time. Internal to net/.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "net/http.h"
#include "net/http_core.h"

namespace thumbmill {

/// The queue between an HttpStream's senders and its connection. Thread-safe.
class StreamQueue final : public HttpStream {
 public:
  static constexpr std::size_t kMostWaiting = 64 * 1024;

  /// `wake` tells the connection that there is something to do.
  explicit StreamQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

  bool send(std::string text) override;
  void on_drained(std::function<void()> callback) override;
  void close() override;
  void on_closed(std::function<void()> callback) override;

  /// For the connection: all that waits; nothing left and closing means the end.
  std::string take();
  /// For the connection: what was taken has been handed to the kernel.
  void drained();
  bool closing();
  /// The connection has ended.
  void end();

 private:
  const std::function<void()> wake_;
  std::mutex mutex_;
  std::string waiting_;                           // guarded by mutex_
  bool filled_ = false;                           // since it was drained; guarded by mutex_
  std::function<void()> on_drained_;              // guarded by mutex_
  bool closing_ = false;                          // guarded by mutex_
  bool ended_ = false;                            // guarded by mutex_
  std::vector<std::function<void()>> callbacks_;  // guarded by mutex_
};

/// Thread-safe. Gives the connection exactly one answer: a 500 when everybody who could answer has
/// gone.
class HttpExchange final : public Responder::Target {
 public:
  struct Answer {
    HttpResponse response;
    std::shared_ptr<StreamQueue>
        stream;  // shared by the connection and whoever sends; null for a whole answer
  };

  /// `deliver` hands the answer to the connection; `wake` wakes it for a stream. Both may be called
  /// by any thread.
  HttpExchange(HttpCore& core, std::string request_id, std::function<void(Answer)> deliver,
               std::function<void()> wake);
  ~HttpExchange() override;

  bool respond(HttpResponse response) override;
  std::shared_ptr<HttpStream> stream(HttpResponse head) override;
  void at(SteadyTime when, std::function<void()> action) override;

  /// For the connection: whether something waits for its time, so that it matters whether the
  /// client is still there. When that changes, the connection is woken.
  bool is_waiting() const { return is_waiting_; }

  /// For the connection: the client has gone. What waits for its time runs now, and what is still
  /// to come does not wait.
  void client_gone();

 private:
  HttpCore& core_;
  const std::string request_id_;
  const std::function<void(Answer)> deliver_;
  const std::function<void()> wake_;
  std::atomic<bool> answered_ = false;
  std::atomic<bool> is_waiting_ = false;
  std::mutex mutex_;
  bool client_gone_ = false;                                          // guarded by mutex_
  std::vector<std::weak_ptr<HttpCore::Timer::element_type>> timers_;  // guarded by mutex_
};

}  // namespace thumbmill
