#include "model/job_result.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "model/json.h"

namespace thumbmill {
namespace {

constexpr std::int64_t kVersion = 1;

Status broken(std::string_view member) {
  return Status(Code::corrupt_input, "the stored result is damaged",
                fmt::format("member {} is missing or not as expected", member));
}

boost::json::object encode_rendition(const RenditionResult& rendition) {
  boost::json::object object;
  object["name"] = rendition.name;
  object["format"] = image_format_info(rendition.format).name;
  object["width"] = rendition.size.width;
  object["height"] = rendition.size.height;
  object["bytes"] = rendition.size_bytes;
  object["placeholder"] = rendition.placeholder;
  object["color"] = rendition.color;
  return object;
}

Result<std::uint64_t> get_size(const boost::json::object& object, std::string_view name,
                               std::uint64_t most) {
  const auto value = json::get_int(object, name);
  if (!value || *value < 0 || static_cast<std::uint64_t>(*value) > most) return broken(name);
  return static_cast<std::uint64_t>(*value);
}

Result<SizePx> get_size_px(const boost::json::object& object) {
  ASSIGN_OR_RETURN(const std::uint64_t width, get_size(object, "width", UINT32_MAX));
  ASSIGN_OR_RETURN(const std::uint64_t height, get_size(object, "height", UINT32_MAX));
  return SizePx{static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height)};
}

Result<RenditionResult> decode_rendition(const boost::json::value& value) {
  const boost::json::object* object = value.if_object();
  if (object == nullptr) return broken("renditions");
  RenditionResult rendition;
  rendition.name = json::get_string(*object, "name").value_or("");
  if (!is_rendition_name(rendition.name)) return broken("name");
  const auto format = image_format_from_name(json::get_string(*object, "format").value_or(""));
  if (!format) return broken("format");
  rendition.format = *format;
  ASSIGN_OR_RETURN(rendition.size, get_size_px(*object));
  ASSIGN_OR_RETURN(rendition.size_bytes, get_size(*object, "bytes", INT64_MAX));
  rendition.placeholder = json::get_string(*object, "placeholder").value_or("");
  rendition.color = json::get_string(*object, "color").value_or("");
  return rendition;
}

Result<JobFailure> decode_failure(const boost::json::value& value) {
  const boost::json::object* object = value.if_object();
  if (object == nullptr) return broken("failure");
  const auto code = code_from_name(json::get_string(*object, "code").value_or(""));
  if (!code || *code == Code::ok) return broken("failure");
  return JobFailure{*code, json::get_string(*object, "message").value_or("")};
}

}  // namespace

std::string encode_job_result(const JobResult& result) {
  boost::json::object object;
  object["v"] = kVersion;
  object["name"] = json::valid_utf8(result.name);
  object["created"] = to_unix_ms(result.created);
  object["finished"] = to_unix_ms(result.finished);
  object["attempts"] = result.attempts;
  boost::json::object source;
  source["format"] = image_format_info(result.source_format).name;
  source["width"] = result.source_size.width;
  source["height"] = result.source_size.height;
  source["bytes"] = result.source_bytes;
  object["source"] = std::move(source);
  if (result.kept_original) object["kept_original"] = true;
  if (result.failure) {
    boost::json::object failure;
    failure["code"] = code_name(result.failure->code);
    failure["message"] = json::valid_utf8(result.failure->message);
    object["failure"] = std::move(failure);
  } else {
    boost::json::array renditions;
    for (const RenditionResult& rendition : result.renditions) {
      renditions.push_back(encode_rendition(rendition));
    }
    object["renditions"] = std::move(renditions);
  }
  return boost::json::serialize(object);
}

Result<JobResult> decode_job_result(std::string_view text) {
  ASSIGN_OR_RETURN(const boost::json::object object, json::parse_object(text, "the stored result"));
  JobResult result;
  result.name = json::get_string(object, "name").value_or("");
  const auto created = json::get_int(object, "created");
  const auto finished = json::get_int(object, "finished");
  if (!created || !finished) return broken("created, finished");
  result.created = from_unix_ms(*created);
  result.finished = from_unix_ms(*finished);
  const std::int64_t attempts = json::get_int(object, "attempts").value_or(0);
  if (attempts < 0 || attempts > INT32_MAX) return broken("attempts");
  result.attempts = static_cast<int>(attempts);
  const boost::json::value* member = object.if_contains("source");
  const boost::json::object* source = member == nullptr ? nullptr : member->if_object();
  if (source == nullptr) return broken("source");
  const auto format = image_format_from_name(json::get_string(*source, "format").value_or(""));
  if (!format) return broken("source");
  result.source_format = *format;
  ASSIGN_OR_RETURN(result.source_size, get_size_px(*source));
  ASSIGN_OR_RETURN(result.source_bytes, get_size(*source, "bytes", INT64_MAX));
  result.kept_original = json::get_bool(object, "kept_original").value_or(false);
  if (const boost::json::value* failure = object.if_contains("failure")) {
    ASSIGN_OR_RETURN(result.failure, decode_failure(*failure));
    return result;
  }
  member = object.if_contains("renditions");
  const boost::json::array* renditions = member == nullptr ? nullptr : member->if_array();
  if (renditions == nullptr) return broken("renditions");
  for (const boost::json::value& value : *renditions) {
    ASSIGN_OR_RETURN(RenditionResult rendition, decode_rendition(value));
    result.renditions.push_back(std::move(rendition));
  }
  return result;
}

}  // namespace thumbmill
