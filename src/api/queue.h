// The queue's figures: what people look at and autoscalers scale on.
#pragma once

#include <vector>

#include "api/router.h"
#include "queue/job_queue.h"
#include "service/workload.h"

namespace thumbmill {

/// What this route needs; all of it outlives the server.
struct QueueParts {
  JobQueue& queue;
  const Workload& workload;
};

/// GET /v1/queue. The parts outlive the route.
std::vector<Route> queue_routes(const QueueParts& parts);

}  // namespace thumbmill
