// ApiService: the API's port: all its routes put together over the service layer. docs/api.md is
// what it promises, src/api/openapi.json the same for machines.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "api/dead.h"
#include "api/direct.h"
#include "api/events.h"
#include "api/guard.h"
#include "api/images.h"
#include "api/queue.h"
#include "api/router.h"
#include "api/upload.h"
#include "net/http.h"
#include "service/catalog.h"
#include "service/dead_letters.h"
#include "service/ingest.h"

namespace thumbmill {

/// What the API works on; all of it outlives the ApiService and its server.
struct ApiParts {
  Ingest& ingest;
  Catalog& catalog;
  DeadLetters& dead_letters;
  ObjectStore& store;
  DepthReader& depth;
  Notifier& notifier;
  const Workload& workload;
  Metrics& metrics;
  Logger& log;
  const Clock& clock;
  DirectUploads* direct_uploads = nullptr;  ///< null where the store takes none
  Presigner* redirect = nullptr;            ///< see ImageParts
  std::chrono::seconds redirect_time{0};
};

/// Thread-safe. Outlives the server and every answer given later.
class ApiService final : public HttpService {
 public:
  /// Without settings of the guard the API is open to everybody; without those of the site policy,
  /// to browsers by localhost and addresses, and to no other site's pages.
  ApiService(UploadSettings settings, const ApiParts& parts, GuardSettings guard = {},
             SiteSettings site = {}, const StreamLimits& streams = {});
  ApiService(const ApiService&) = delete;
  ApiService& operator=(const ApiService&) = delete;

  std::unique_ptr<HttpTask> begin(std::shared_ptr<const HttpRequest> request) override;
  HttpResponse reject(int status, std::string_view reason, std::string_view message,
                      std::string_view request_id) override;

  /// Every route there is, for the test that compares them with the description.
  const std::vector<Route>& routes() const { return router_.routes(); }

 private:
  std::vector<Route> make_routes() const;

  // What the routes refer to; before the router that has the routes.
  const UploadSettings settings_;
  const RenditionUrls urls_;
  Guard guard_;
  const UploadParts upload_parts_;
  const ImageParts image_parts_;
  const DirectParts direct_parts_;
  StreamSlots stream_slots_;
  const EventParts event_parts_;
  const QueueParts queue_parts_;
  const DeadParts dead_parts_;
  const Router router_;
};

}  // namespace thumbmill
