// Views: how jobs, uploads and events look in JSON, and the links between them. docs/api.md shows
// them, openapi.json describes them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/fwd.hpp>

#include "api/signed_url.h"
#include "net/http.h"
#include "notify/notifier.h"
#include "service/catalog.h"

namespace thumbmill {

/// "/v1/images/<id>", and its events'. The paths of renditions are RenditionUrls'.
std::string image_path(std::string_view id);
std::string events_path(std::string_view id);

/// A job as GET /v1/images/{id} shows it.
boost::json::object image_json(const JobView& job, const RenditionUrls& urls);

/// The receipt of an upload: id, status, name, and where to go on. `name` may hold any bytes.
boost::json::object receipt_json(std::string_view id, JobState state, std::string_view name,
                                 const std::vector<std::string>& renditions,
                                 const RenditionUrls& urls);

/// One event's data.
boost::json::object event_json(const JobEvent& event);

/// 200, or another status, with a JSON body that must not be cached.
HttpResponse json_response(const boost::json::value& body, int status = 200);

/// A page of jobs: {"images", "next"}, with a Link to the next one, which is `path` with the limit
/// and the cursor.
HttpResponse page_response(const JobPage& page, std::string_view path, std::size_t limit,
                           const RenditionUrls& urls);

/// Where a listing begins and how long a page of it is, from `limit` and `cursor`.
struct PageQuery {
  std::string cursor;
  std::size_t limit = 50;
};

/// invalid_argument when the limit is not 1 to 200.
Result<PageQuery> parse_page_query(const HttpRequest& request);

/// `text` as a query's value, percent-encoded (RFC 3986, section 2.1).
std::string percent_encoded(std::string_view text);

}  // namespace thumbmill
