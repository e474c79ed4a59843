#include "api/api_service.h"

#include <iterator>

#include "api/assets.h"
#include "api/problem.h"

namespace thumbmill {
namespace {

Route upload_route(std::string path, UploadKind kind, const UploadParts& parts,
                   const UploadSettings& settings) {
  return {"POST", std::move(path), TaskFactory([&parts, &settings, kind](const Call& call) {
            return make_upload_task(parts, settings, kind, call);
          })};
}

}  // namespace

ApiService::ApiService(UploadSettings settings, const ApiParts& parts, GuardSettings guard,
                       SiteSettings site, const StreamLimits& streams)
    : settings_(std::move(settings)),
      urls_(guard.keys, guard.url_time, parts.clock),
      guard_(std::move(guard), parts.metrics, parts.log, parts.clock),
      upload_parts_{parts.ingest,
                    {parts.catalog, parts.notifier, parts.clock},
                    parts.metrics,
                    parts.log,
                    urls_},
      image_parts_{{parts.catalog, parts.notifier, parts.clock},
                   parts.store,
                   parts.log,
                   urls_,
                   parts.redirect,
                   parts.redirect_time},
      direct_parts_{parts.direct_uploads,
                    settings_.defaults,
                    settings_.limits.max_file_bytes,
                    {parts.catalog, parts.notifier, parts.clock},
                    urls_},
      stream_slots_(streams),
      event_parts_{
          {parts.catalog, parts.notifier, parts.clock}, stream_slots_, parts.metrics, parts.log},
      queue_parts_{parts.depth, parts.workload},
      dead_parts_{parts.dead_letters, parts.catalog, urls_},
      router_(make_routes(), SitePolicy(std::move(site)), parts.metrics, parts.log, parts.clock,
              &guard_) {}

std::vector<Route> ApiService::make_routes() const {
  std::vector<Route> routes{
      upload_route("/upload", UploadKind::form, upload_parts_, settings_),
      upload_route("/v1/images", UploadKind::form_or_raw, upload_parts_, settings_),
  };
  for (std::vector<Route> more :
       {image_routes(image_parts_), direct_routes(direct_parts_), event_routes(event_parts_),
        queue_routes(queue_parts_), dead_routes(dead_parts_),
        asset_routes(page_files(), description_files())}) {
    std::ranges::move(more, std::back_inserter(routes));
  }
  return routes;
}

std::unique_ptr<HttpTask> ApiService::begin(std::shared_ptr<const HttpRequest> request) {
  return router_.begin(request);
}

HttpResponse ApiService::reject(int status, std::string_view, std::string_view message,
                                std::string_view request_id) {
  return refusal_response(status, message, request_id);
}

}  // namespace thumbmill
