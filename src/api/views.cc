#include "api/views.h"

#include <charconv>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "model/json.h"

namespace thumbmill {
namespace {

boost::json::object rendition_json(std::string_view id, const RenditionResult& rendition,
                                   const RenditionUrls& urls) {
  const ImageFormatInfo& format = image_format_info(rendition.format);
  boost::json::object json;
  json["name"] = rendition.name;
  json["url"] = urls.of(id, rendition.name);
  json["format"] = format.name;
  json["content_type"] = format.media_type;
  json["width"] = rendition.size.width;
  json["height"] = rendition.size.height;
  json["bytes"] = rendition.size_bytes;
  json["placeholder"] = rendition.placeholder;
  json["color"] = rendition.color;
  return json;
}

boost::json::object source_json(const JobResult& result) {
  boost::json::object json;
  json["format"] = image_format_info(result.source_format).name;
  json["width"] = result.source_size.width;
  json["height"] = result.source_size.height;
  json["bytes"] = result.source_bytes;
  return json;
}

void add_result(const JobView& job, const JobResult& result, const RenditionUrls& urls,
                boost::json::object& json) {
  json["finished"] = format_rfc3339(result.finished);
  if (result.failure) {
    boost::json::object error;
    error["code"] = code_name(result.failure->code);
    error["detail"] = json::valid_utf8(result.failure->message);
    error["attempts"] = result.attempts;
    json["error"] = std::move(error);
    json["dead_letter"] = job.dead_letter;
    return;
  }
  json["source"] = source_json(result);
  boost::json::array renditions;
  for (const RenditionResult& rendition : result.renditions) {
    renditions.push_back(rendition_json(job.id.text(), rendition, urls));
  }
  json["renditions"] = std::move(renditions);
}

}  // namespace

std::string image_path(std::string_view id) { return fmt::format("/v1/images/{}", id); }

std::string events_path(std::string_view id) { return fmt::format("/v1/images/{}/events", id); }

boost::json::object image_json(const JobView& job, const RenditionUrls& urls) {
  boost::json::object json;
  json["id"] = job.id.text();
  json["status"] = job_state_name(job.state);
  json["name"] = json::valid_utf8(job.name);
  json["created"] = format_rfc3339(job.created);
  json["attempts"] = job.attempts;
  boost::json::object links;
  links["self"] = image_path(job.id.text());
  links["events"] = events_path(job.id.text());
  if (job.result) {
    add_result(job, *job.result, urls, json);
    if (job.result->kept_original) links["original"] = urls.of(job.id.text(), "original");
  }
  json["links"] = std::move(links);
  return json;
}

boost::json::object receipt_json(std::string_view id, JobState state, std::string_view name,
                                 const std::vector<std::string>& renditions,
                                 const RenditionUrls& urls) {
  boost::json::object paths;
  for (const std::string& rendition : renditions) paths[rendition] = urls.of(id, rendition);
  boost::json::object links;
  links["self"] = image_path(id);
  links["events"] = events_path(id);
  links["renditions"] = std::move(paths);
  boost::json::object json;
  json["id"] = id;
  json["status"] = job_state_name(state);
  json["name"] = json::valid_utf8(name);
  json["links"] = std::move(links);
  return json;
}

boost::json::object event_json(const JobEvent& event) {
  boost::json::object json;
  json["id"] = event.id;
  json["status"] = job_state_name(event.state);
  json["at"] = format_rfc3339(event.at);
  if (!event.code.empty()) json["code"] = event.code;
  return json;
}

HttpResponse json_response(const boost::json::value& body, int status) {
  HttpResponse response;
  response.status = status;
  response.fields.add("Content-Type", "application/json");
  response.fields.add("Cache-Control", "no-store");
  response.fields.add("X-Content-Type-Options", "nosniff");
  response.body = Blob(boost::json::serialize(body));
  return response;
}

HttpResponse page_response(const JobPage& page, std::string_view path, std::size_t limit,
                           const RenditionUrls& urls) {
  boost::json::array images;
  for (const JobView& job : page.jobs) images.push_back(image_json(job, urls));
  boost::json::object body;
  body["images"] = std::move(images);
  if (page.next) {
    body["next"] = *page.next;
  } else {
    body["next"] = nullptr;
  }
  HttpResponse response = json_response(body);
  if (page.next) {
    response.fields.add("Link", fmt::format("<{}?limit={}&cursor={}>; rel=\"next\"", path, limit,
                                            percent_encoded(*page.next)));
  }
  return response;
}

Result<PageQuery> parse_page_query(const HttpRequest& request) {
  PageQuery page;
  page.cursor = std::string(request.query_value("cursor").value_or(""));
  if (const auto text = request.query_value("limit")) {
    const auto [end, error] =
        std::from_chars(text->data(), text->data() + text->size(), page.limit);
    if (error != std::errc() || end != text->data() + text->size() || page.limit < 1 ||
        page.limit > 200) {
      return Status(Code::invalid_argument,
                    fmt::format("limit \"{}\" is not allowed: 1 to 200", *text));
    }
  }
  return page;
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace thumbmill
