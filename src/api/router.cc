#include "api/router.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "api/access.h"
#include "api/problem.h"

namespace thumbmill {
namespace {

using Segments = std::vector<std::string_view>;

Segments segments_of(std::string_view path) {
  Segments segments;
  for (std::size_t begin = 1; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    segments.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return segments;
}

bool is_capture(std::string_view segment) { return segment.starts_with('{'); }

std::optional<std::vector<std::pair<std::string, std::string>>> match_path(const Segments& wanted,
                                                                           const Segments& given) {
  if (wanted.size() != given.size()) return std::nullopt;
  std::vector<std::pair<std::string, std::string>> captures;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (is_capture(wanted[i])) {
      if (given[i].empty()) return std::nullopt;
      captures.emplace_back(wanted[i].substr(1, wanted[i].size() - 2), given[i]);
    } else if (wanted[i] != given[i]) {
      return std::nullopt;
    }
  }
  return captures;
}

// Counts and times one request's answer, whoever gives it.
struct Meter {
  Metrics& metrics;
  const Clock& clock;
  std::string route;
  std::string method;
  SteadyTime received;

  void answered(int status) const {
    const std::chrono::duration<double> taken = clock.now() - received;
    metrics.add(metric::kHttpRequests, 1, {route, method, std::to_string(status)});
    metrics.observe(metric::kHttpSeconds, taken.count(), {route});
  }
};

// What every answer to a request carries, whoever gives it.
struct AnswerFields {
  HttpFields fixed;
  std::shared_ptr<const Allowance> allowance;  // see Admission

  void add_to(HttpResponse& response) const {
    for (const auto& [name, value] : fixed.all()) response.fields.add(name, value);
    if (allowance != nullptr) allowance->add_fields(response.fields);
    add_browser_fields(response.fields);
  }
};

// Stands between a handler and the server to see the answer pass.
class MeteredTarget final : public Responder::Target {
 public:
  MeteredTarget(Responder responder, Meter meter, AnswerFields fields)
      : responder_(std::move(responder)), meter_(std::move(meter)), fields_(std::move(fields)) {}

  bool respond(HttpResponse response) override {
    fields_.add_to(response);
    const int status = response.status;
    const bool first = responder_.respond(std::move(response));
    if (first) meter_.answered(status);
    return first;
  }

  std::shared_ptr<HttpStream> stream(HttpResponse head) override {
    fields_.add_to(head);
    const int status = head.status;
    std::shared_ptr<HttpStream> stream = responder_.stream(std::move(head));
    // The length of a stream is its reader's choice, so what is timed is how soon it began.
    if (stream != nullptr) meter_.answered(status);
    return stream;
  }

  void at(SteadyTime when, std::function<void()> action) override {
    responder_.at(when, std::move(action));
  }

 private:
  Responder responder_;
  const Meter meter_;
  const AnswerFields fields_;
};

class MeteredTask final : public HttpTask {
 public:
  // `stretches`: where the bytes of a body are taken from as they come; may be null.
  MeteredTask(std::unique_ptr<HttpTask> task, WorkKind kind, Meter meter, AnswerFields fields,
              std::shared_ptr<Allowance> stretches)
      : task_(std::move(task)),
        kind_(kind),
        meter_(std::move(meter)),
        fields_(std::move(fields)),
        stretches_(std::move(stretches)) {}

  WorkKind kind() const override { return kind_; }

  std::uint64_t body_limit() const override { return task_->body_limit(); }

  Status on_body(std::string_view bytes) override {
    if (stretches_ != nullptr) RETURN_IF_ERROR(stretches_->take_bytes(bytes.size()));
    return task_->on_body(bytes);
  }

  void run(Responder responder, const OpContext& context) override {
    auto target = std::make_shared<MeteredTarget>(std::move(responder), meter_, fields_);
    task_->run(Responder(std::move(target)), context);
  }

  HttpResponse reject(const Status& failure) override {
    HttpResponse response = task_->reject(failure);
    fields_.add_to(response);
    meter_.answered(response.status);
    return response;
  }

 private:
  const std::unique_ptr<HttpTask> task_;
  const WorkKind kind_;
  const Meter meter_;
  const AnswerFields fields_;
  const std::shared_ptr<Allowance> stretches_;  // shared with the handler and the answer
};

// A handler that has no use for a body: one that comes all the same is read and dropped.
class HandlerTask final : public HttpTask {
 public:
  HandlerTask(const Route& route, Call call, Logger& log)
      : route_(route), call_(std::move(call)), log_(log) {}

  Status on_body(std::string_view) override { return Status(); }

  void run(Responder responder, const OpContext& context) override {
    if (const auto* later = std::get_if<AnswerLater>(&route_.handler)) {
      (*later)(call_, std::move(responder), context);
      return;
    }
    Result<HttpResponse> answer = std::get<AnswerNow>(route_.handler)(call_, context);
    responder.respond(answer.ok() ? std::move(answer).value()
                                  : failure_response(answer.status(), *call_.request, log_));
  }

  HttpResponse reject(const Status& failure) override {
    return problem_response(problem_of_body(failure), failure.message(), *call_.request);
  }

 private:
  const Route& route_;
  const Call call_;
  Logger& log_;
};

// One answer, whatever comes.
class FixedTask final : public HttpTask {
 public:
  explicit FixedTask(HttpResponse response) : response_(std::move(response)) {}

  Status on_body(std::string_view) override { return Status(); }
  void run(Responder responder, const OpContext&) override { responder.respond(response_); }
  HttpResponse reject(const Status&) override { return response_; }

 private:
  const HttpResponse response_;
};

// The answer of the guard. What it refuses is not received, not even to be dropped: the server
// answers at once and closes.
class RefusedTask final : public HttpTask {
 public:
  explicit RefusedTask(HttpResponse response) : response_(std::move(response)) {}

  std::uint64_t body_limit() const override { return 0; }
  Status on_body(std::string_view) override { return Status(Code::too_large, "not wanted"); }
  void run(Responder responder, const OpContext&) override { responder.respond(response_); }
  HttpResponse reject(const Status&) override { return response_; }

 private:
  const HttpResponse response_;
};

// Methods that may become a metric's label: the method itself is the client's to choose.
std::string method_label(const std::string& method) {
  static constexpr std::string_view kKnown[] = {"GET",   "HEAD",   "POST",   "PUT",
                                                "PATCH", "DELETE", "OPTIONS"};
  return std::ranges::find(kKnown, method) != std::end(kKnown) ? method : "other";
}

HttpResponse options_response(const std::string& allow) {
  HttpResponse response;
  response.status = 204;
  response.fields.add("Allow", allow);
  return response;
}

WorkKind kind_of(const Route* route) {
  return route == nullptr ? WorkKind::in_memory : route->kind();
}

std::vector<Route> by_captures(std::vector<Route> routes) {
  std::ranges::stable_sort(
      routes, {}, [](const Route& route) { return std::ranges::count(route.pattern, '{'); });
  return routes;
}

std::vector<Segments> segments_of_all(const std::vector<Route>& routes) {
  std::vector<Segments> segments;
  for (const Route& route : routes) segments.push_back(segments_of(route.pattern));
  return segments;
}

}  // namespace

WorkKind Route::kind() const {
  if (in_memory) return WorkKind::in_memory;
  return method == "GET" ? WorkKind::read : WorkKind::change;
}

std::string Call::capture(std::string_view name) const {
  for (const auto& [key, value] : captures) {
    if (key == name) return value;
  }
  return {};
}

Router::Router(std::vector<Route> routes, SitePolicy site, Metrics& metrics, Logger& log,
               const Clock& clock, Guard* guard)
    : routes_(by_captures(std::move(routes))),
      segments_(segments_of_all(routes_)),
      site_(std::move(site)),
      metrics_(metrics),
      log_(log),
      clock_(clock),
      guard_(guard) {}

std::string Router::Match::allow() const {
  return fmt::format("{}, OPTIONS", fmt::join(allowed, ", "));
}

Router::Match Router::find(const std::shared_ptr<const HttpRequest>& request) const {
  Match match;
  const std::string wanted = request->method == "HEAD" ? "GET" : request->method;
  const Segments given = segments_of(request->path);
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    const Route& route = routes_[i];
    // A path is one pattern's: the first that matches, the one with most text.
    if (!match.pattern.empty() && route.pattern != match.pattern) continue;
    auto captures = match_path(segments_[i], given);
    if (!captures) continue;
    match.pattern = route.pattern;
    match.allowed.push_back(route.method);
    if (route.method == "GET") match.allowed.emplace_back("HEAD");
    if (route.method == wanted && match.route == nullptr) {
      match.route = &route;
      match.call = Call{.request = request, .captures = *std::move(captures)};
    }
  }
  return match;
}

std::unique_ptr<HttpTask> Router::task_of(const Match& match, const HttpRequest& request) const {
  if (match.route != nullptr) {
    const auto* factory = std::get_if<TaskFactory>(&match.route->handler);
    if (factory != nullptr) return (*factory)(match.call);
    return std::make_unique<HandlerTask>(*match.route, match.call, log_);
  }
  if (match.pattern.empty()) {
    return std::make_unique<FixedTask>(
        problem_response(Problem::not_found, "there is nothing at this path", request));
  }
  const std::string allow = match.allow();
  HttpResponse response = options_response(allow);
  if (request.method != "OPTIONS") {
    response = problem_response(Problem::method_not_allowed,
                                fmt::format("this path takes {}", allow), request);
    response.fields.set("Allow", allow);
  }
  return std::make_unique<FixedTask>(std::move(response));
}

// A length that is known is taken whole, before a byte is received. One over the task's limit is
// the server's to refuse.
std::unique_ptr<HttpTask> Router::allowed_task_of(const Match& match,
                                                  const HttpRequest& request) const {
  std::unique_ptr<HttpTask> task = task_of(match, request);
  const std::uint64_t length = request.content_length.value_or(0);
  if (match.call.allowance == nullptr || length > task->body_limit()) return task;
  const Status taken = match.call.allowance->take_bytes(length);
  if (taken.ok()) return task;
  return std::make_unique<RefusedTask>(failure_response(taken, request, log_));
}

Admission Router::admit(const HttpRequest& request, const Match& match) const {
  Admission admission;
  // What a signature stands for is meant to be shown by pages of other sites.
  if (const auto refusal = site_.check(request, takes_signature(match.pattern))) {
    metrics_.add(metric::kHttpRejected, 1, {refusal->reason});
    log_.debug("request refused", {{"request_id", request.request_id},
                                   {"reason", refusal->reason},
                                   {"address", request.remote_address},
                                   {"method", request.method},
                                   {"path", request.path}});
    admission.refusal = problem_response(refusal->problem, refusal->message, request);
  } else if (guard_ != nullptr) {
    std::string_view method;
    if (match.route != nullptr) method = match.route->method;
    admission = guard_->admit(request, method, match.pattern);
  }
  site_.add_cors_fields(request, match.allow(), admission.fields);
  return admission;
}

std::unique_ptr<HttpTask> Router::begin(const std::shared_ptr<const HttpRequest>& request) const {
  Match match = find(request);
  Admission admission = admit(*request, match);
  match.call.allowance = admission.allowance;
  match.call.client = std::move(admission.client);
  match.call.caller = std::move(admission.caller);
  match.call.guarded = admission.guarded;
  match.call.until = admission.until;
  Meter meter{metrics_, clock_, match.pattern.empty() ? "none" : match.pattern,
              method_label(request->method), request->received};
  const WorkKind kind = admission.refusal ? WorkKind::in_memory : kind_of(match.route);
  std::unique_ptr<HttpTask> task =
      admission.refusal ? std::make_unique<RefusedTask>(*std::move(admission.refusal))
                        : allowed_task_of(match, *request);
  std::shared_ptr<Allowance> stretches = request->content_length ? nullptr : admission.allowance;
  return std::make_unique<MeteredTask>(
      std::move(task), kind, std::move(meter),
      AnswerFields{std::move(admission.fields), std::move(admission.allowance)},
      std::move(stretches));
}

}  // namespace thumbmill
