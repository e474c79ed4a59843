// Events: changes of jobs' states as server-sent events (HTML Living Standard, section 9.2). No
// thread is held by a stream, and no lock while one is written to.
#pragma once

#include <vector>

#include "api/job_wait.h"
#include "api/router.h"
#include "api/stream_slots.h"
#include "base/log.h"
#include "metrics/metrics.h"

namespace thumbmill {

/// What these routes need; all of it outlives the server.
struct EventParts {
  JobWaitParts wait;
  StreamSlots& slots;
  Metrics& metrics;
  Logger& log;
};

/// GET /v1/events (all jobs, resumable with Last-Event-ID) and GET /v1/images/{id}/events (one job:
/// its present state first, its end last, always). The parts outlive the routes.
std::vector<Route> event_routes(const EventParts& parts);

}  // namespace thumbmill
