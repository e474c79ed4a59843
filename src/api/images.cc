#include "api/images.h"

#include <algorithm>

#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "api/problem.h"
#include "api/representation.h"
#include "api/views.h"
#include "model/object_key.h"
#include "model/rendition.h"

namespace thumbmill {
namespace {

constexpr std::string_view kListPath = "/v1/images";

Result<HttpResponse> list_images(const ImageParts& parts, const Call& call,
                                 const OpContext& context) {
  PageQuery query;
  ASSIGN_OR_RETURN(query, parse_page_query(*call.request));
  JobPage page;
  ASSIGN_OR_RETURN(page, parts.wait.catalog.list(query.cursor, query.limit, context));
  return page_response(page, kListPath, query.limit, parts.urls);
}

HttpResponse image_response(const ImageParts& parts, const Result<JobView>& view,
                            const HttpRequest& request) {
  if (!view.ok()) return failure_response(view.status(), request, parts.log);
  HttpResponse response = json_response(image_json(*view, parts.urls));
  if (!is_terminal(view->state)) response.fields.add("Retry-After", "1");
  return response;
}

void show_image(const ImageParts& parts, const Call& call, Responder responder,
                const OpContext& context) {
  const std::string id = call.capture("id");
  std::chrono::seconds wait{0};
  if (const auto text = call.request->query_value("wait")) {
    const Result<std::chrono::seconds> parsed = parse_wait(*text);
    if (!parsed.ok()) {
      responder.respond(failure_response(parsed.status(), *call.request, parts.log));
      return;
    }
    wait = *parsed;
  }
  if (wait.count() == 0) {
    responder.respond(image_response(parts, parts.wait.catalog.find(id, context), *call.request));
    return;
  }
  answer_when_ended(parts.wait, {id}, parts.wait.clock.now() + wait, std::move(responder), context,
                    [request = call.request, &parts](const std::vector<Result<JobView>>& views) {
                      return image_response(parts, views.front(), *request);
                    });
}

Result<HttpResponse> remove_image(const ImageParts& parts, const Call& call,
                                  const OpContext& context) {
  RETURN_IF_ERROR(parts.wait.catalog.remove(call.capture("id"), context));
  HttpResponse response;
  response.status = 204;
  return response;
}

// Why there is no rendition. Of a job that has failed the Catalog gives the job's failure, which
// is to be told apart from a failure to read the store now.
HttpResponse no_rendition(const ImageParts& parts, const Call& call, const std::string& id,
                          const Status& failure, const OpContext& context) {
  if (failure.code() != Code::not_found && failure.detail() != Catalog::kNotReady) {
    const Result<JobView> view = parts.wait.catalog.find(id, context);
    if (view.ok() && view->state == JobState::failed && view->result && view->result->failure) {
      return problem_response(problem_of_job(view->result->failure->code),
                              view->result->failure->message, *call.request);
    }
  }
  return failure_response(failure, *call.request, parts.log);
}

// A rendition never changes: the same id, name and request give the same bytes.
std::string etag_of(std::string_view id, std::string_view name, std::uint64_t size_bytes) {
  return fmt::format("\"{}-{}-{:x}\"", id, name, size_bytes);
}

// No longer than what let the request in holds; at least a second, for it held just now.
std::chrono::seconds within_admission(std::chrono::seconds time, const ImageParts& parts,
                                      const Call& call) {
  if (!call.until) return time;
  const auto left =
      std::chrono::floor<std::chrono::seconds>(*call.until - parts.wait.clock.wall_now());
  return std::clamp(left, std::chrono::seconds(1), std::max(time, std::chrono::seconds(1)));
}

// A rendition never changes. One that was shown for a key must not be given to others by a cache
// between; whoever has a signed URL may have it from anywhere, as long as that holds.
std::string rendition_caching(const ImageParts& parts, const Call& call) {
  constexpr std::chrono::seconds kYear{31'536'000};
  return fmt::format("{}, max-age={}, immutable",
                     call.guarded && !call.until ? "private" : "public",
                     within_admission(kYear, parts, call).count());
}

// The address of an image is hard to guess or signed: whoever has it may show the image in a page
// of any site. That is what thumbnails are for, and pages that ask all they embed for leave (COEP)
// need it said.
void add_image_fields(HttpFields& fields) {
  fields.add("Cross-Origin-Resource-Policy", "cross-origin");
  fields.add("Content-Security-Policy", "default-src 'none'; sandbox");
}

Result<HttpResponse> redirect_to_rendition(const ImageParts& parts, const Call& call,
                                           const std::string& id, const std::string& name,
                                           const OpContext& context) {
  const Result<std::string> key = parts.wait.catalog.rendition_key(id, name, context);
  if (!key.ok()) return no_rendition(parts, call, id, key.status(), context);
  const std::chrono::seconds time = within_admission(parts.redirect_time, parts, call);
  ASSIGN_OR_RETURN(const PresignedRequest request,
                   parts.redirect->presign_get(*key, time, context));
  HttpResponse response;
  response.status = 302;
  add_image_fields(response.fields);
  response.fields.add("Location", request.url);
  // Whoever follows a kept redirect must still get there in time.
  response.fields.add("Cache-Control", fmt::format("private, max-age={}", time.count() / 2));
  return response;
}

Result<HttpResponse> show_rendition(const ImageParts& parts, const Call& call,
                                    const OpContext& context) {
  const std::string id = call.capture("id");
  const std::string name = call.capture("rendition");
  if (!is_rendition_name(name)) return Status(Code::not_found, "there is no such rendition");
  if (parts.redirect != nullptr) return redirect_to_rendition(parts, call, id, name, context);
  Result<Object> object = parts.wait.catalog.rendition(id, name, context);
  if (!object.ok()) return no_rendition(parts, call, id, object.status(), context);
  Representation representation{.body = object->body,
                                .content_type = object->info.content_type,
                                .etag = etag_of(id, name, object->body.size()),
                                .modified = object->info.modified,
                                .fields = {}};
  representation.fields.add("Cache-Control", rendition_caching(parts, call));
  add_image_fields(representation.fields);
  return serve(representation, *call.request);
}

// Content-Disposition with the client's own file name, in the form for any characters
// (RFC 6266, section 4.3; RFC 8187) and nothing of it in the other.
std::string attachment(std::string_view name) {
  if (name.empty()) return "attachment";
  return fmt::format("attachment; filename*=UTF-8''{}", percent_encoded(name));
}

Result<HttpResponse> show_original(const ImageParts& parts, const Call& call,
                                   const OpContext& context) {
  const std::string id = call.capture("id");
  Result<JobView> view = parts.wait.catalog.find(id, context);
  if (!view.ok()) return view.status();
  if (!view->result || !view->result->kept_original) {
    return Status(Code::not_found, "the original of this image is not kept");
  }
  Result<Object> object = parts.store.get(original_key(view->id), context);
  if (!object.ok()) return object.status();
  Representation representation{
      .body = object->body,
      .content_type = std::string(image_format_info(view->result->source_format).media_type),
      .etag = etag_of(id, "original", object->body.size()),
      .modified = object->info.modified,
      .fields = {}};
  constexpr std::chrono::seconds kHour{3600};
  representation.fields.add(
      "Cache-Control",
      fmt::format("private, max-age={}", within_admission(kHour, parts, call).count()));
  // An upload is its sender's: it is never shown as part of our origin.
  representation.fields.add("Content-Disposition", attachment(view->name));
  add_image_fields(representation.fields);
  return serve(representation, *call.request);
}

}  // namespace

std::vector<Route> image_routes(const ImageParts& parts) {
  const auto now = [&parts](auto handler) -> AnswerNow {
    return [&parts, handler](const Call& call, const OpContext& context) {
      return handler(parts, call, context);
    };
  };
  return {
      {"GET", std::string(kListPath), now(list_images)},
      {"GET", "/v1/images/{id}",
       AnswerLater([&parts](const Call& call, Responder responder, const OpContext& context) {
         show_image(parts, call, std::move(responder), context);
       })},
      {"DELETE", "/v1/images/{id}", now(remove_image)},
      {"GET", "/v1/images/{id}/original", now(show_original)},
      {"GET", "/v1/images/{id}/{rendition}", now(show_rendition)},
  };
}

}  // namespace thumbmill
