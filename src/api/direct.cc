#include "api/direct.h"

#include <charconv>

#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "api/problem.h"
#include "api/views.h"
#include "model/image_format.h"

namespace thumbmill {
namespace {

HttpResponse not_offered(const Call& call) {
  return problem_response(Problem::not_implemented,
                          "the store of this service takes no direct uploads: POST /v1/images",
                          *call.request);
}

Result<std::uint64_t> parse_size(const HttpRequest& request, std::uint64_t most) {
  const std::string_view text = request.query_value("bytes").value_or("");
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || end != text.data() + text.size() || size == 0) {
    return Status(Code::invalid_argument,
                  fmt::format("bytes \"{}\" is not allowed: the file's exact size", text));
  }
  if (size <= most) return size;
  return Status(Code::too_large, fmt::format("the file has {} bytes; max-body is {}", size, most));
}

Result<ImageFormat> parse_type(const HttpRequest& request) {
  constexpr std::string_view kImage = "image/";
  std::string_view type = request.query_value("type").value_or("");
  const auto format =
      image_format_from_name(type.starts_with(kImage) ? type.substr(kImage.size()) : type);
  if (format && image_format_info(*format).can_decode) return *format;
  return Status(Code::unsupported,
                fmt::format("type \"{}\" is not that of an image that is supported", type));
}

boost::json::object begun_json(const BegunUpload& begun) {
  boost::json::object headers;
  for (const auto& [name, value] : begun.request.headers) headers[name] = value;
  boost::json::object upload;
  upload["method"] = begun.request.method;
  upload["url"] = begun.request.url;
  upload["headers"] = std::move(headers);
  upload["expires"] = format_rfc3339(begun.expires);
  boost::json::object links;
  links["complete"] = fmt::format("/v1/uploads/{}/complete", begun.id.text());
  links["image"] = image_path(begun.id.text());
  boost::json::object json;
  json["id"] = begun.id.text();
  json["upload"] = std::move(upload);
  json["links"] = std::move(links);
  return json;
}

Result<HttpResponse> begin(const DirectParts& parts, const Call& call, const OpContext& context) {
  if (parts.uploads == nullptr) return not_offered(call);
  const HttpRequest& request = *call.request;
  DirectUpload upload;
  ASSIGN_OR_RETURN(upload.size_bytes, parse_size(request, parts.max_bytes));
  ASSIGN_OR_RETURN(upload.format, parse_type(request));
  // "format" among the options is that of the rendition.
  ASSIGN_OR_RETURN(UploadOptions options, parse_upload_options(request, {}, parts.defaults));
  // As if they came here: the request that is given out is for exactly so many.
  if (call.allowance != nullptr) {
    RETURN_IF_ERROR(call.allowance->take_bytes(upload.size_bytes));
  }
  upload.name = std::move(options.name);
  upload.renditions = std::move(options.renditions);
  upload.keep_original = options.keep_original;
  upload.trace = request.fields.get("traceparent").value_or("");
  ASSIGN_OR_RETURN(const BegunUpload begun, parts.uploads->begin(upload, context));
  return json_response(begun_json(begun), 201);
}

std::vector<std::string> rendition_names(const JobView& view) {
  std::vector<std::string> names;
  for (const RenditionSpec& spec : view.renditions) names.push_back(spec.name);
  if (view.result) {
    for (const RenditionResult& made : view.result->renditions) names.push_back(made.name);
  }
  return names;
}

// What is known of the job tells apart an upload that is not there from one that has ended.
Result<HttpResponse> complete(const DirectParts& parts, const Call& call,
                              const OpContext& context) {
  if (parts.uploads == nullptr) return not_offered(call);
  const std::string id = call.capture("id");
  const Status completed = parts.uploads->complete(id, call.caller, context);
  const Result<JobView> view = parts.wait.catalog.find(id, context);
  if (!completed.ok() && (completed.code() != Code::not_found || !view.ok())) return completed;
  if (!view.ok()) return view.status();
  const JobState state = view->state;
  HttpResponse response =
      json_response(receipt_json(id, state, view->name, rendition_names(*view), parts.urls),
                    is_terminal(state) ? 200 : 202);
  response.fields.add("Location", image_path(id));
  if (!is_terminal(state)) response.fields.add("Retry-After", "1");
  return response;
}

}  // namespace

std::vector<Route> direct_routes(const DirectParts& parts) {
  return {
      {"POST", "/v1/uploads", AnswerNow([&parts](const Call& call, const OpContext& context) {
         return begin(parts, call, context);
       })},
      {"POST", "/v1/uploads/{id}/complete",
       AnswerNow([&parts](const Call& call, const OpContext& context) {
         return complete(parts, call, context);
       })},
  };
}

}  // namespace thumbmill
