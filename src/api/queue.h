// The queue's figures: what people look at and autoscalers scale on.
#pragma once

#include <vector>

#include "api/router.h"
#include "service/depth_reader.h"
#include "service/workload.h"

namespace thumbmill {

/// What this route needs; all of it outlives the server.
struct QueueParts {
  DepthReader& depth;
  const Workload& workload;
};

/// GET /v1/queue, which is answered within DepthReader::kPatience. The parts outlive the route.
std::vector<Route> queue_routes(const QueueParts& parts);

}  // namespace thumbmill
