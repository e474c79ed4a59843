// Routes of direct uploads: the client asks for a URL, puts the file there by itself, and says so.
#pragma once

#include <cstdint>
#include <vector>

#include "api/job_wait.h"
#include "api/router.h"
#include "api/signed_url.h"
#include "api/upload_options.h"
#include "base/log.h"
#include "service/direct_uploads.h"

namespace thumbmill {

struct DirectParts {
  DirectUploads* uploads;  ///< null where the store takes no direct uploads
  const UploadDefaults& defaults;
  std::uint64_t max_bytes;  ///< of a file
  JobWaitParts wait;
  const RenditionUrls& urls;
};

/// POST /v1/uploads and POST /v1/uploads/{id}/complete.
std::vector<Route> direct_routes(const DirectParts& parts);

}  // namespace thumbmill
