// What the S3 tests talk to: a server on loopback that answers as a test says, and a clock that
// does not wait.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include <gtest/gtest.h>

#include "fakes/quiet.h"
#include "net/http_server.h"
#include "store/s3/credentials.h"

namespace thumbmill {

/// Serves until it goes. The handler runs on the server's threads, one request at a time.
class StandInServer final : public HttpService {
 public:
  struct Received {
    HttpRequest head;
    std::string body;

    std::string field(std::string_view name) const {
      return std::string(head.fields.get(name).value_or("none"));
    }
  };
  using Handler = std::function<HttpResponse(const Received&)>;

  explicit StandInServer(Handler handler)
      : handler_(std::move(handler)),
        server_(HttpServer::start({}, *this, metrics_, log_, clock_, random_).value()) {}

  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }

  /// All requests so far.
  std::vector<Received> received() const {
    const std::lock_guard lock(mutex_);
    return received_;
  }

  static HttpResponse text(int status, std::string body) {
    HttpResponse response;
    response.status = status;
    response.body = Blob(std::move(body));
    return response;
  }

  std::unique_ptr<HttpTask> begin(std::shared_ptr<const HttpRequest> request) override {
    return std::make_unique<Task>(*this, std::move(request));
  }
  HttpResponse reject(int status, std::string_view, std::string_view message,
                      std::string_view) override {
    return text(status, std::string(message));
  }

 private:
  class Task final : public HttpTask {
   public:
    Task(StandInServer& server, std::shared_ptr<const HttpRequest> request)
        : server_(server), received_{*request, {}} {}
    std::uint64_t body_limit() const override { return 100'000'000; }
    Status on_body(std::string_view bytes) override {
      received_.body += bytes;
      return Status();
    }
    void run(Responder responder, const OpContext&) override {
      const std::lock_guard lock(server_.mutex_);
      server_.received_.push_back(received_);
      responder.respond(server_.handler_(received_));
    }
    HttpResponse reject(const Status& failure) override { return text(400, failure.to_string()); }

   private:
    StandInServer& server_;
    Received received_;
  };

  const Handler handler_;
  SystemClock clock_;
  Random random_{1};
  NoMetrics metrics_;
  NoLogger log_;
  mutable std::mutex mutex_;
  std::vector<Received> received_;      // guarded by mutex_
  std::unique_ptr<HttpServer> server_;  // last: it calls the others
};

/// Waits take no time: they move the clock to their deadline at once. For one thread.
class SkippingClock final : public Clock {
 public:
  SteadyTime now() const override { return now_; }
  WallTime wall_now() const override { return wall_; }
  bool wait_until(std::unique_lock<std::mutex>&, std::condition_variable&, SteadyTime deadline,
                  const std::function<bool()>& ready) override {
    if (!ready()) {
      waits.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(deadline - now_));
      advance(waits.back());
    }
    return ready();
  }
  void advance(std::chrono::milliseconds by) {
    now_ += by;
    wall_ += by;
  }

  std::vector<std::chrono::milliseconds> waits;

 private:
  SteadyTime now_{std::chrono::hours(1000)};
  WallTime wall_{std::chrono::seconds(1'767'225'600)};  // 2026-01-01
};

/// An environment of just these variables. Borrows them.
inline s3::Environment environment_of(const std::map<std::string, std::string>& variables) {
  return [&variables](const std::string& name) -> std::optional<std::string> {
    const auto entry = variables.find(name);
    return entry == variables.end() ? std::nullopt : std::optional<std::string>(entry->second);
  };
}

}  // namespace thumbmill
