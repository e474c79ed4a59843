// Images: what became of an upload (with a long-poll), the bytes of its renditions and of a kept
// original, listing, deleting.
#pragma once

#include <chrono>
#include <vector>

#include "api/job_wait.h"
#include "api/router.h"
#include "api/signed_url.h"
#include "base/log.h"
#include "store/object_store.h"
#include "store/presigner.h"

namespace thumbmill {

/// What these routes need; all of it outlives the server.
struct ImageParts {
  JobWaitParts wait;
  ObjectStore& store;  ///< for kept originals; everything else is the Catalog's
  Logger& log;
  const RenditionUrls& urls;
  Presigner* redirect = nullptr;  ///< sends clients to the store for renditions; null: we send them
  std::chrono::seconds redirect_time{0};  ///< for how long such an address is good
};

/// GET /v1/images, GET and DELETE /v1/images/{id}, GET /v1/images/{id}/original and
/// /v1/images/{id}/{rendition}. The parts outlive the routes.
std::vector<Route> image_routes(const ImageParts& parts);

}  // namespace thumbmill
