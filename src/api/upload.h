// Uploads: POST /upload and POST /v1/images. The body is spooled as it arrives (upload_form), the
// options are read (upload_options), each file is handed to Ingest, and the client gets a receipt,
// or, when it asked to wait, the ended job.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/job_wait.h"
#include "api/router.h"
#include "api/signed_url.h"
#include "api/upload_form.h"
#include "api/upload_options.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "net/http.h"
#include "service/ingest.h"

namespace thumbmill {

/// What uploads need; all of it outlives the server.
struct UploadParts {
  Ingest& ingest;
  JobWaitParts wait;
  Metrics& metrics;
  Logger& log;
  const RenditionUrls& urls;
};

/// What may be uploaded and what is made of it. Immutable.
struct UploadSettings {
  UploadLimits limits;
  UploadDefaults defaults;
  /// Where the next upload is spooled, a directory that exists; see ObjectStore::spool_directory.
  std::function<std::string()> spool_directory;
};

/// Which bodies an upload route takes.
enum class UploadKind {
  form,         ///< multipart/form-data only
  form_or_raw,  ///< that, or the image itself with any other content type
};

/// The task for one upload. The parts and settings outlive it. Never null.
std::unique_ptr<HttpTask> make_upload_task(const UploadParts& parts, const UploadSettings& settings,
                                           UploadKind kind, const Call& call);

}  // namespace thumbmill
