#include "api/dead.h"

#include <boost/json/object.hpp>

#include "api/views.h"

namespace thumbmill {
namespace {

constexpr std::string_view kPath = "/v1/dead";

Result<HttpResponse> list_dead(const DeadParts& parts, const Call& call, const OpContext& context) {
  PageQuery query;
  ASSIGN_OR_RETURN(query, parse_page_query(*call.request));
  JobPage page;
  ASSIGN_OR_RETURN(page, parts.dead_letters.list(query.cursor, query.limit, context));
  return page_response(page, kPath, query.limit, parts.urls);
}

Result<HttpResponse> retry_one(const DeadParts& parts, const Call& call, const OpContext& context) {
  const std::string id = call.capture("id");
  RETURN_IF_ERROR(parts.dead_letters.retry(id, context));
  ASSIGN_OR_RETURN(const JobView job, parts.catalog.find(id, context));
  std::vector<std::string> renditions;
  for (const RenditionSpec& spec : job.renditions) renditions.push_back(spec.name);
  HttpResponse response =
      json_response(receipt_json(id, job.state, job.name, renditions, parts.urls), 202);
  response.fields.add("Location", image_path(id));
  response.fields.add("Retry-After", "1");
  return response;
}

Result<HttpResponse> retry_all(const DeadParts& parts, const Call&, const OpContext& context) {
  std::uint64_t retried = 0;
  ASSIGN_OR_RETURN(retried, parts.dead_letters.retry_all(context));
  return json_response(boost::json::object{{"retried", retried}});
}

Result<HttpResponse> purge_one(const DeadParts& parts, const Call& call, const OpContext& context) {
  RETURN_IF_ERROR(parts.dead_letters.purge(call.capture("id"), context));
  HttpResponse response;
  response.status = 204;
  return response;
}

Result<HttpResponse> purge_all(const DeadParts& parts, const Call&, const OpContext& context) {
  std::uint64_t purged = 0;
  ASSIGN_OR_RETURN(purged, parts.dead_letters.purge_all(context));
  return json_response(boost::json::object{{"purged", purged}});
}

}  // namespace

std::vector<Route> dead_routes(const DeadParts& parts) {
  const auto now = [&parts](auto handler) -> AnswerNow {
    return [&parts, handler](const Call& call, const OpContext& context) {
      return handler(parts, call, context);
    };
  };
  return {
      {"GET", std::string(kPath), now(list_dead)}, {"DELETE", std::string(kPath), now(purge_all)},
      {"POST", "/v1/dead/retry", now(retry_all)},  {"POST", "/v1/dead/{id}/retry", now(retry_one)},
      {"DELETE", "/v1/dead/{id}", now(purge_one)},
  };
}

}  // namespace thumbmill
