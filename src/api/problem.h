// Problems: how a failure is told to a client (RFC 9457, application/problem+json). This is the
// only place that maps our Codes to HTTP; it shows a Status's message and never its detail.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>

#include "base/log.h"
#include "base/status.h"
#include "net/http.h"

namespace thumbmill {

/// The kinds of problem a client can meet. Each has its row in docs/api.md and in openapi.json.
enum class Problem {
  malformed_request,
  invalid_argument,
  unauthorized,
  forbidden,
  bad_signature,
  foreign_origin,
  not_found,
  not_ready,
  method_not_allowed,
  timeout,
  key_in_flight,
  conflict,
  precondition_failed,
  too_large,
  uri_too_long,
  unsupported_media_type,
  range_not_satisfiable,
  expectation_failed,
  unknown_host,
  undecodable,
  over_limit,
  key_reused,
  rate_limited,
  header_too_large,
  internal,
  not_implemented,
  unavailable,
  version_not_supported,
  disk_full,
};

/// What is fixed about a kind of problem.
struct ProblemInfo {
  Problem problem;
  int status;             ///< HTTP
  std::string_view code;  ///< for programs: "too-large"; the type is "/problems/<code>"
  std::string_view title;
  int retry_after_s = 0;  ///< sent as Retry-After when not 0
};

/// Every kind there is, by rising status.
std::span<const ProblemInfo> all_problems();

/// The row of `problem`; always there.
const ProblemInfo& problem_info(Problem problem);

/// The problem that a failure of handling a request is. Never for an ok status.
Problem problem_of(const Status& failure);

/// The same for a body that could not be received: too long, too slow, cut short, or refused.
Problem problem_of_body(const Status& failure);

/// The same for a job that has ended in failure: it is the image's fault or ours, never the
/// request's.
Problem problem_of_job(Code code);

/// The document: type, title, status, detail (`message`), instance, code, request_id. `message`
/// may hold any bytes.
boost::json::object problem_json(Problem problem, std::string_view message,
                                 std::string_view instance, std::string_view request_id);

/// An answer with that document, with Retry-After where it makes sense, never to be cached.
HttpResponse problem_response(Problem problem, std::string_view message,
                              const HttpRequest& request);

/// The answer to a failure, whose detail goes to the log: as a warning when it is not the client's
/// doing, for debugging otherwise.
HttpResponse failure_response(const Status& failure, const HttpRequest& request, Logger& log);

/// The answer to a request that the server refused with `status` before there was an HttpRequest.
/// A status without a problem of its own is told as the nearest there is, with that status.
HttpResponse refusal_response(int status, std::string_view message, std::string_view request_id);

}  // namespace thumbmill
