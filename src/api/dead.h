// Dead letters: failed jobs that can be tried again or given up for good.
#pragma once

#include <vector>

#include "api/router.h"
#include "api/signed_url.h"
#include "service/catalog.h"
#include "service/dead_letters.h"

namespace thumbmill {

/// What these routes need; all of it outlives the server.
struct DeadParts {
  DeadLetters& dead_letters;
  Catalog& catalog;
  const RenditionUrls& urls;
};

/// GET and DELETE /v1/dead, POST /v1/dead/retry, POST /v1/dead/{id}/retry, DELETE /v1/dead/{id}.
/// The parts outlive the routes.
std::vector<Route> dead_routes(const DeadParts& parts);

}  // namespace thumbmill
