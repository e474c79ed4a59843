#include "api/ops.h"

#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "api/problem.h"
#include "api/views.h"

namespace thumbmill {
namespace {

HttpResponse metrics_response(const std::string& text) {
  HttpResponse response;
  response.fields.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.fields.add("Cache-Control", "no-store");
  response.body = Blob(text);
  return response;
}

HttpResponse health_response(const Status& health) {
  boost::json::object body;
  body["status"] = health.ok() ? "ok" : "failing";
  if (!health.ok()) body["detail"] = health.message();
  return json_response(body, health.ok() ? 200 : 503);
}

// This port is the operators', who need to know the cause.
std::string cause_of(const Status& failure) {
  if (failure.detail().empty()) return failure.message();
  return fmt::format("{} ({})", failure.message(), failure.detail());
}

HttpResponse readiness_response(const std::vector<DependencyCheck>& checks) {
  bool ready = true;
  bool full = false;
  boost::json::object states;
  for (const DependencyCheck& check : checks) {
    const bool is_full = check.may_be_full && check.status.code() == Code::exhausted;
    full = full || is_full;
    ready = ready && (check.status.ok() || is_full);
    states[check.name] = check.status.ok() ? "ok" : cause_of(check.status);
  }
  boost::json::object body;
  body["status"] = !ready ? "not ready" : full ? "degraded" : "ready";
  body["checks"] = std::move(states);
  return json_response(body, ready ? 200 : 503);
}

}  // namespace

OpsService::OpsService(OpsSources sources, SiteSettings site, Metrics& metrics, Logger& log,
                       const Clock& clock)
    : sources_(std::move(sources)),
      router_(routes(), SitePolicy(std::move(site)), metrics, log, clock) {}

std::vector<Route> OpsService::routes() const {
  return {
      {"GET", "/metrics", AnswerNow([this](const Call&, const OpContext&) -> Result<HttpResponse> {
         return metrics_response(sources_.metrics());
       }),
       true},
      {"GET", "/healthz", AnswerNow([this](const Call&, const OpContext&) -> Result<HttpResponse> {
         return health_response(sources_.health());
       }),
       true},
      {"GET", "/readyz", AnswerNow([this](const Call&, const OpContext&) -> Result<HttpResponse> {
         return readiness_response(sources_.dependencies());
       }),
       true},
      {"GET", "/version", AnswerNow([this](const Call&, const OpContext&) -> Result<HttpResponse> {
         return json_response(boost::json::object{{"version", sources_.version}});
       }),
       true},
  };
}

std::unique_ptr<HttpTask> OpsService::begin(std::shared_ptr<const HttpRequest> request) {
  return router_.begin(request);
}

HttpResponse OpsService::reject(int status, std::string_view, std::string_view message,
                                std::string_view request_id) {
  return refusal_response(status, message, request_id);
}

}  // namespace thumbmill
