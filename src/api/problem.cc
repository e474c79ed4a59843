#include "api/problem.h"

#include <algorithm>
#include <array>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "api/allowance.h"
#include "api/site_policy.h"
#include "model/json.h"
#include "service/catalog.h"
#include "service/ingest.h"

namespace thumbmill {
namespace {

constexpr std::array kProblems{
    ProblemInfo{Problem::malformed_request, 400, "malformed-request", "Malformed request"},
    ProblemInfo{Problem::invalid_argument, 400, "invalid-argument", "Invalid argument"},
    ProblemInfo{Problem::unauthorized, 401, "unauthorized", "API key needed"},
    ProblemInfo{Problem::forbidden, 403, "forbidden", "Not allowed with this key"},
    ProblemInfo{Problem::bad_signature, 403, "bad-signature", "Signed URL not valid"},
    ProblemInfo{Problem::foreign_origin, 403, "foreign-origin", "Not for pages of other sites"},
    ProblemInfo{Problem::not_found, 404, "not-found", "Not found"},
    ProblemInfo{Problem::not_ready, 404, "not-ready", "Not ready yet", 1},
    ProblemInfo{Problem::method_not_allowed, 405, "method-not-allowed", "Method not allowed"},
    ProblemInfo{Problem::timeout, 408, "timeout", "Request took too long"},
    ProblemInfo{Problem::key_in_flight, 409, "key-in-flight", "Idempotency key in use", 1},
    ProblemInfo{Problem::conflict, 409, "conflict", "Conflict"},
    ProblemInfo{Problem::precondition_failed, 412, "precondition-failed", "Precondition failed"},
    ProblemInfo{Problem::too_large, 413, "too-large", "Upload too large"},
    ProblemInfo{Problem::uri_too_long, 414, "uri-too-long", "Request line too long"},
    ProblemInfo{Problem::unsupported_media_type, 415, "unsupported-media-type",
                "Unsupported media type"},
    ProblemInfo{Problem::range_not_satisfiable, 416, "range-not-satisfiable",
                "Range not satisfiable"},
    ProblemInfo{Problem::expectation_failed, 417, "expectation-failed", "Expectation failed"},
    ProblemInfo{Problem::unknown_host, 421, "unknown-host", "Unknown host name"},
    ProblemInfo{Problem::undecodable, 422, "undecodable", "Image cannot be decoded"},
    ProblemInfo{Problem::over_limit, 422, "over-limit", "Image over a limit"},
    ProblemInfo{Problem::key_reused, 422, "key-reused", "Idempotency key used before"},
    ProblemInfo{Problem::rate_limited, 429, "rate-limited", "Too many requests"},
    ProblemInfo{Problem::header_too_large, 431, "header-too-large", "Request header too large"},
    ProblemInfo{Problem::internal, 500, "internal", "Internal error"},
    ProblemInfo{Problem::not_implemented, 501, "not-implemented", "Not implemented"},
    ProblemInfo{Problem::unavailable, 503, "unavailable", "Temporarily unavailable", 5},
    ProblemInfo{Problem::version_not_supported, 505, "version-not-supported",
                "HTTP version not supported"},
    ProblemInfo{Problem::disk_full, 507, "disk-full", "Disk full"},
};

constexpr std::string_view kContentType = "application/problem+json";

HttpResponse response_with(const ProblemInfo& info, int status, const boost::json::object& body) {
  HttpResponse response;
  response.status = status;
  response.fields.add("Content-Type", std::string(kContentType));
  response.fields.add("Cache-Control", "no-store");
  if (info.retry_after_s > 0) {
    response.fields.add("Retry-After", std::to_string(info.retry_after_s));
  }
  response.body = Blob(boost::json::serialize(body));
  return response;
}

}  // namespace

std::span<const ProblemInfo> all_problems() { return kProblems; }

const ProblemInfo& problem_info(Problem problem) {
  const auto* row = std::ranges::find(kProblems, problem, &ProblemInfo::problem);
  THUMBMILL_CHECK(row != kProblems.end());
  return *row;
}

Problem problem_of(const Status& failure) {
  switch (failure.code()) {
    case Code::invalid_argument:
      return failure.detail() == Ingest::kKeyReused ? Problem::key_reused
                                                    : Problem::invalid_argument;
    case Code::not_found:
      return Problem::not_found;
    case Code::conflict:
      return Problem::conflict;
    case Code::unsupported:
      return Problem::unsupported_media_type;
    case Code::too_large:
      return Problem::too_large;
    case Code::corrupt_input:
      return Problem::undecodable;
    case Code::unavailable:
      if (failure.detail() == Catalog::kNotReady) return Problem::not_ready;
      if (failure.detail() == Allowance::kRateLimited) return Problem::rate_limited;
      return Problem::unavailable;
    case Code::deadline_exceeded:
    case Code::cancelled:
      return Problem::unavailable;
    case Code::exhausted:
      return Problem::disk_full;
    case Code::ok:
    case Code::lease_lost:
    case Code::decoder_crashed:
    case Code::internal:
      break;
  }
  return Problem::internal;
}

Problem problem_of_body(const Status& failure) {
  switch (failure.code()) {
    case Code::deadline_exceeded:
      return Problem::timeout;
    case Code::cancelled:
    case Code::invalid_argument:
      return Problem::malformed_request;
    default:
      return problem_of(failure);
  }
}

Problem problem_of_job(Code code) {
  switch (code) {
    case Code::too_large:
    case Code::deadline_exceeded:
      return Problem::over_limit;
    case Code::corrupt_input:
    case Code::unsupported:
    case Code::decoder_crashed:
      return Problem::undecodable;
    default:
      return Problem::internal;
  }
}

boost::json::object problem_json(Problem problem, std::string_view message,
                                 std::string_view instance, std::string_view request_id) {
  const ProblemInfo& info = problem_info(problem);
  boost::json::object body;
  body["type"] = fmt::format("/problems/{}", info.code);
  body["title"] = info.title;
  body["status"] = info.status;
  body["detail"] = json::valid_utf8(message);
  if (!instance.empty()) body["instance"] = json::valid_utf8(instance);
  body["code"] = info.code;
  body["request_id"] = request_id;
  return body;
}

HttpResponse problem_response(Problem problem, std::string_view message,
                              const HttpRequest& request) {
  const ProblemInfo& info = problem_info(problem);
  return response_with(info, info.status,
                       problem_json(problem, message, request.path, request.request_id));
}

HttpResponse failure_response(const Status& failure, const HttpRequest& request, Logger& log) {
  const Problem problem = problem_of(failure);
  const LogLevel level = problem_info(problem).status >= 500 ? LogLevel::warning : LogLevel::debug;
  log.write(level, "request failed",
            {{"request_id", request.request_id},
             {"method", request.method},
             {"path", request.path},
             {"code", code_name(failure.code())},
             {"message", failure.message()},
             {"detail", failure.detail()}});
  return problem_response(problem, failure.message(), request);
}

HttpResponse refusal_response(int status, std::string_view message, std::string_view request_id) {
  const auto* row = std::ranges::find(kProblems, status, &ProblemInfo::status);
  const ProblemInfo& info = row != kProblems.end() ? *row
                            : status < 500         ? problem_info(Problem::malformed_request)
                                                   : problem_info(Problem::internal);
  boost::json::object body = problem_json(info.problem, message, {}, request_id);
  body["status"] = status;
  HttpResponse response = response_with(info, status, body);
  add_browser_fields(response.fields);
  return response;
}

}  // namespace thumbmill
