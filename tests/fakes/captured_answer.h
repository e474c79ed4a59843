// A server's side of a Responder that keeps what is answered and lets a test fire the timers.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/http.h"

namespace thumbmill {

/// An event stream whose text is kept, by a client that reads at once unless it is told to hold.
/// Thread-safe.
class CapturedStream final : public HttpStream {
 public:
  bool send(std::string text) override {
    std::function<void()> drained;
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return false;
      text_ += text;
      if (!holding_) drained = on_drained_;
    }
    if (drained) drained();
    return true;
  }

  void on_drained(std::function<void()> callback) override {
    const std::lock_guard lock(mutex_);
    on_drained_ = std::move(callback);
  }

  /// From now on the client takes what is sent only when read_on() is called.
  void hold() {
    const std::lock_guard lock(mutex_);
    holding_ = true;
  }

  void read_on() {
    std::function<void()> drained;
    {
      const std::lock_guard lock(mutex_);
      drained = on_drained_;
    }
    drained();
  }

  void close() override {
    std::vector<std::function<void()>> callbacks;
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      callbacks.swap(callbacks_);
    }
    for (const auto& callback : callbacks) callback();
  }

  void on_closed(std::function<void()> callback) override {
    {
      const std::lock_guard lock(mutex_);
      if (!closed_) {
        callbacks_.push_back(std::move(callback));
        return;
      }
    }
    callback();
  }

  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

  bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;                              // guarded by mutex_
  bool closed_ = false;                           // guarded by mutex_
  bool holding_ = false;                          // guarded by mutex_
  std::function<void()> on_drained_;              // guarded by mutex_
  std::vector<std::function<void()>> callbacks_;  // guarded by mutex_
};

/// One request's answer. Thread-safe.
class CapturedAnswer final : public Responder::Target {
 public:
  bool respond(HttpResponse response) override {
    const std::lock_guard lock(mutex_);
    if (response_ || stream_) return false;
    response_ = std::move(response);
    return true;
  }

  std::shared_ptr<HttpStream> stream(HttpResponse head) override {
    const std::lock_guard lock(mutex_);
    if (response_ || stream_) return nullptr;
    stream_ = std::make_shared<CapturedStream>();
    if (hold_streams_) stream_->hold();
    stream_->send(head.body.to_string().value());
    response_ = std::move(head);
    return stream_;
  }

  void at(SteadyTime when, std::function<void()> action) override {
    const std::lock_guard lock(mutex_);
    actions_.emplace(when, std::move(action));
  }

  /// A stream that is started here is held from its beginning.
  void hold_streams() { hold_streams_ = true; }

  /// Runs the actions that are due by `now`, and those that they make due.
  void run_due(SteadyTime now) {
    while (true) {
      std::function<void()> action;
      {
        const std::lock_guard lock(mutex_);
        if (actions_.empty() || actions_.begin()->first > now) return;
        action = std::move(actions_.begin()->second);
        actions_.erase(actions_.begin());
      }
      action();
    }
  }

  /// Runs the actions there are, due or not, as a stopping server does.
  void run_all() {
    std::multimap<SteadyTime, std::function<void()>> actions;
    {
      const std::lock_guard lock(mutex_);
      actions.swap(actions_);
    }
    for (const auto& [when, action] : actions) action();
  }

  /// Whether an action is waiting for its time.
  bool waiting() const {
    const std::lock_guard lock(mutex_);
    return !actions_.empty();
  }

  /// The answer, or a stream's head; nothing yet.
  std::optional<HttpResponse> response() const {
    const std::lock_guard lock(mutex_);
    return response_;
  }

  /// The stream when one was started, else null.
  std::shared_ptr<CapturedStream> captured_stream() const {
    const std::lock_guard lock(mutex_);
    return stream_;
  }

 private:
  bool hold_streams_ = false;  // set before anybody else has it
  mutable std::mutex mutex_;
  std::optional<HttpResponse> response_;    // guarded by mutex_
  std::shared_ptr<CapturedStream> stream_;  // shared with the handler; guarded by mutex_
  std::multimap<SteadyTime, std::function<void()>> actions_;  // guarded by mutex_
};

}  // namespace thumbmill
