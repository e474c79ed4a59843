#include "api/queue.h"

#include <boost/json/object.hpp>

#include "api/views.h"

namespace thumbmill {
namespace {

Result<HttpResponse> show_queue(const QueueParts& parts) {
  ASSIGN_OR_RETURN(const QueueDepth depth, parts.depth.read());
  boost::json::object body;
  body["ready"] = depth.ready;
  body["running"] = depth.running;
  body["delayed"] = depth.delayed;
  body["dead"] = depth.dead;
  body["unqueued"] = depth.unqueued;
  body["backlog"] = depth.backlog();
  body["oldest_age_seconds"] = nullptr;
  if (depth.oldest_age) {
    body["oldest_age_seconds"] = std::chrono::duration<double>(*depth.oldest_age).count();
  }
  body["drain_seconds"] = nullptr;
  const std::uint64_t unfinished = depth.backlog() + depth.delayed;
  if (unfinished == 0) {
    body["drain_seconds"] = 0;
  } else if (const auto rate = parts.workload.ended_per_second()) {
    body["drain_seconds"] = static_cast<double>(unfinished) / *rate;
  }
  body["workers_desired"] = parts.workload.workers_desired(depth);
  return json_response(body);
}

}  // namespace

std::vector<Route> queue_routes(const QueueParts& parts) {
  return {{"GET", "/v1/queue",
           AnswerNow([&parts](const Call&, const OpContext&) { return show_queue(parts); }), true}};
}

}  // namespace thumbmill
