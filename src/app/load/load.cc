#include "app/load/load.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "base/secret.h"
#include "model/image_format.h"
#include "model/json.h"
#include "net/http_client.h"

namespace thumbmill {
namespace {

constexpr std::string_view kBoundary = "thumbmill-load-boundary-7f3a";
constexpr std::chrono::milliseconds kPollPause{20};
constexpr std::chrono::milliseconds kReconnectPause{50};
// Between the tries of an upload: twice as long each time.
constexpr std::chrono::milliseconds kFirstRetryPause{200};
constexpr std::chrono::milliseconds kLongestRetryPause{5'000};

// Answers to an upload that do not say that it is wrong.
bool may_change(int status) {
  return status >= 500 || status == 408 || status == 409 || status == 429;
}

Blob make_body(const LoadFile& file) {
  std::string body = fmt::format(
      "--{}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\n"
      "Content-Type: application/octet-stream\r\n\r\n",
      kBoundary, file.name);
  body += file.bytes.to_string().value();
  body += fmt::format("\r\n--{}--\r\n", kBoundary);
  return Blob(std::move(body));
}

enum class End { done, failed, lost };

// One connection's work. One thread.
class Uploader {
 public:
  Uploader(const LoadOptions& options, const HttpOrigin& origin, Clock& clock)
      : options_(options), clock_(clock), client_(HttpClient::create(origin, clock)) {}

  struct Accepted {
    std::string id;
    std::string location;
  };

  // Counts the tries beyond the first in `retried`.
  Result<Accepted> upload(const Blob& body, const OpContext& context, std::uint64_t& retried) {
    HttpFields fields;
    add_key(fields);
    fields.add("Content-Type", fmt::format("multipart/form-data; boundary={}", kBoundary));
    if (options_.tries > 1) fields.add("Idempotency-Key", new_secret_hex(16));
    std::chrono::milliseconds retry_pause = kFirstRetryPause;
    for (int left = options_.tries - 1;; --left) {
      const Result<HttpResponse> response = client_->send("POST", "/upload", fields, body, context);
      const bool again = !response.ok() || may_change(response->status);
      if (!again || left == 0 || options_.stop.stop_requested() || !context.check(clock_).ok()) {
        RETURN_IF_ERROR(response.status());
        return accepted_of(*response);
      }
      ++retried;
      pause(retry_pause);
      retry_pause = std::min(2 * retry_pause, kLongestRetryPause);
    }
  }

  static Result<Accepted> accepted_of(const HttpResponse& response) {
    if (response.status / 100 != 2)
      return Status(Code::conflict, fmt::format("status {}", response.status));
    ASSIGN_OR_RETURN(const std::string text, response.body.to_string());
    ASSIGN_OR_RETURN(const auto receipt, json::parse_object(text, "the answer"));
    const auto id = json::get_string(receipt, "id");
    const auto location = response.fields.get("location");
    if (!id || !location) return Status(Code::conflict, "answer without id or Location");
    return Accepted{*id, std::string(*location)};
  }

  End await_end(const Accepted& accepted, const OpContext& context) {
    while (context.check(clock_).ok()) {
      const SteadyTime asked = clock_.now();
      HttpFields fields;
      add_key(fields);
      const Result<HttpResponse> response =
          client_->send("GET", accepted.location + "?wait=10", fields, Blob(), context);
      if (!response.ok()) {
        if (!options_.tolerate_errors) return End::lost;
        pause(kReconnectPause);
        continue;
      }
      const auto text = response->body.to_string();
      const auto image = text.ok() ? json::parse_object(*text, "the answer") : text.status();
      const std::string status = image.ok() ? json::get_string(*image, "status").value_or("") : "";
      if (status == "done")
        return !options_.fetch || fetch(*image, context) ? End::done : End::lost;
      if (status == "failed") return End::failed;
      if (response->status == 404) return End::lost;
      // A server that does not hold the answer back is asked again after a pause.
      if (clock_.now() - asked < kPollPause) pause(kPollPause);
    }
    return End::lost;
  }

  void pause(std::chrono::milliseconds duration) { wait_until(clock_.now() + duration); }

  void wait_until(SteadyTime moment) {
    std::unique_lock lock(mutex_);
    clock_.wait_until(lock, never_, moment, [] { return false; });
  }

 private:
  void add_key(HttpFields& fields) const {
    if (!options_.api_key.empty()) fields.add("Authorization", "Bearer " + options_.api_key);
  }

  bool fetch(const boost::json::object& image, const OpContext& context) {
    const boost::json::value* member = image.if_contains("renditions");
    const boost::json::array* renditions = member == nullptr ? nullptr : member->if_array();
    if (renditions == nullptr || renditions->empty()) return false;
    const boost::json::object* first = renditions->front().if_object();
    const auto url = first == nullptr ? std::nullopt : json::get_string(*first, "url");
    if (!url) return false;
    HttpFields fields;
    add_key(fields);
    const auto response = client_->send("GET", *url, fields, Blob(), context);
    return response.ok() && response->status == 200 &&
           sniff_image_format(response->body.memory()).has_value();
  }

  const LoadOptions& options_;
  Clock& clock_;
  std::unique_ptr<HttpClient> client_;
  std::mutex mutex_;
  std::condition_variable never_;
};

// Everything the connections share. Thread-safe.
class Run {
 public:
  Run(const LoadOptions& options, HttpOrigin origin, Clock& clock, Random& random)
      : options_(options),
        origin_(std::move(origin)),
        clock_(clock),
        begin_(clock.now()),
        schedule_(options.schedule, begin_, random) {
    for (const LoadFile& file : options.files) bodies_.push_back(make_body(file));
  }

  Result<LoadReport> run() {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < std::max<std::size_t>(1, options_.concurrency); ++i) {
      threads.emplace_back([this] { work(); });
    }
    threads.clear();
    LoadReport report = report_;
    report.seconds = std::chrono::duration<double>(clock_.now() - begin_).count();
    report.waited = options_.wait;
    report.upload = upload_.percentiles();
    report.end_to_end = end_to_end_.percentiles();
    if (report.accepted == 0 && !unreachable_.ok() && !options_.tolerate_errors)
      return unreachable_;
    return report;
  }

 private:
  void work() {
    Uploader uploader(options_, origin_, clock_);
    while (!options_.stop.stop_requested()) {
      const auto slot = schedule_.take(clock_.now());
      if (!slot) return;
      if (slot->due) uploader.wait_until(*slot->due);
      const SteadyTime due = slot->due.value_or(clock_.now());
      const std::size_t file = slot->index % bodies_.size();
      one(uploader, file, due);
      const std::uint64_t finished = ++finished_;
      if (options_.on_progress) options_.on_progress(finished);
    }
  }

  void one(Uploader& uploader, std::size_t file, SteadyTime due) {
    OpContext context;
    context.deadline = clock_.now() + options_.timeout;
    std::uint64_t retried = 0;
    const Result<Uploader::Accepted> accepted = uploader.upload(bodies_[file], context, retried);
    {
      const std::lock_guard lock(mutex_);
      ++report_.uploads;
      report_.retried += retried;
      if (!accepted.ok()) {
        ++report_.errors[accepted.status().message()];
        if (accepted.status().code() == Code::unavailable) unreachable_ = accepted.status();
      } else {
        ++report_.accepted;
        report_.bytes += options_.files[file].bytes.size();
        if (options_.on_accepted) options_.on_accepted(accepted->id);
      }
    }
    if (!accepted.ok()) {
      if (accepted.status().code() == Code::unavailable) uploader.pause(kReconnectPause);
      return;
    }
    upload_.add(clock_.now() - due);
    if (!options_.wait) return;
    const End end = uploader.await_end(*accepted, context);
    if (end != End::lost) end_to_end_.add(clock_.now() - due);
    const std::lock_guard lock(mutex_);
    ++(end == End::done ? report_.done : end == End::failed ? report_.failed : report_.lost);
  }

  const LoadOptions& options_;
  const HttpOrigin origin_;
  Clock& clock_;
  const SteadyTime begin_;
  Schedule schedule_;
  std::vector<Blob> bodies_;
  Samples upload_;
  Samples end_to_end_;
  std::atomic<std::uint64_t> finished_ = 0;
  std::mutex mutex_;
  LoadReport report_;   // counts; guarded by mutex_
  Status unreachable_;  // guarded by mutex_
};

}  // namespace

Result<LoadReport> run_load(const LoadOptions& options, Clock& clock, Random& random) {
  THUMBMILL_CHECK(!options.files.empty());
  ASSIGN_OR_RETURN(HttpOrigin origin, parse_http_origin(options.url));
  return Run(options, std::move(origin), clock, random).run();
}

}  // namespace thumbmill
