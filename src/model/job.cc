#include "model/job.h"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "model/json.h"

namespace thumbmill {
namespace {

constexpr std::string_view kMetadataName = "job";
constexpr std::int64_t kVersion = 1;

// Short member names: the whole job must fit S3's 2 KB of metadata.
boost::json::object encode_spec(const RenditionSpec& spec) {
  boost::json::object object;
  object["n"] = spec.name;
  object["w"] = spec.width_px;
  object["h"] = spec.height_px;
  object["fit"] = fit_name(spec.fit);
  object["q"] = spec.quality;
  if (spec.format) object["f"] = image_format_info(*spec.format).name;
  if (spec.background) object["bg"] = color_to_string(*spec.background);
  if (spec.enlarge) object["up"] = true;
  return object;
}

Status broken(std::string_view member) {
  return Status(Code::corrupt_input, "the stored job is damaged",
                fmt::format("member {} is missing or not as expected", member));
}

std::optional<std::uint32_t> get_side(const boost::json::object& object, std::string_view name) {
  const auto value = json::get_int(object, name);
  if (!value || *value < 0 || *value > kMaxRenditionSide) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

Result<RenditionSpec> decode_spec(const boost::json::value& value) {
  const boost::json::object* object = value.if_object();
  if (object == nullptr) return broken("renditions");
  const auto name = json::get_string(*object, "n");
  const auto width_px = get_side(*object, "w");
  const auto height_px = get_side(*object, "h");
  const auto fit = fit_from_name(json::get_string(*object, "fit").value_or(""));
  const auto quality = json::get_int(*object, "q");
  if (!name || !width_px || !height_px || !fit || !quality) return broken("renditions");
  if (*quality < 1 || *quality > 100) return broken("q");
  RenditionSpec spec{.name = *name,
                     .width_px = *width_px,
                     .height_px = *height_px,
                     .fit = *fit,
                     .format = std::nullopt,
                     .quality = static_cast<int>(*quality),
                     .background = std::nullopt,
                     .enlarge = json::get_bool(*object, "up").value_or(false)};
  if (const auto format = json::get_string(*object, "f")) {
    spec.format = image_format_from_name(*format);
    if (!spec.format) return broken("f");
  }
  if (const auto background = json::get_string(*object, "bg")) {
    spec.background = color_from_string(*background);
    if (!spec.background) return broken("bg");
  }
  return spec;
}

}  // namespace

Result<Metadata> encode_job(const Job& job) {
  boost::json::object object;
  object["v"] = kVersion;
  object["format"] = image_format_info(job.format).name;
  object["created"] = to_unix_ms(job.created);
  if (!job.name.empty()) object["name"] = json::valid_utf8(job.name);
  if (job.keep_original) object["keep"] = true;
  if (!job.trace.empty()) object["trace"] = json::valid_utf8(job.trace);
  boost::json::array renditions;
  for (const RenditionSpec& spec : job.renditions) renditions.push_back(encode_spec(spec));
  object["renditions"] = std::move(renditions);
  Metadata metadata{{std::string(kMetadataName), json::to_ascii(object)}};
  const std::size_t size = kMetadataName.size() + metadata.begin()->second.size();
  if (size > kMaxMetadataBytes) {
    return Status(Code::invalid_argument,
                  fmt::format("the job takes {} bytes, {} are allowed: ask for fewer renditions or "
                              "shorten the file name",
                              size, kMaxMetadataBytes));
  }
  return metadata;
}

Result<Job> decode_job(const Metadata& metadata) {
  const auto entry = metadata.find(kMetadataName);
  if (entry == metadata.end()) return broken("job");
  ASSIGN_OR_RETURN(const boost::json::object object,
                   json::parse_object(entry->second, "the stored job"));
  const auto format = image_format_from_name(json::get_string(object, "format").value_or(""));
  const auto created = json::get_int(object, "created");
  const boost::json::value* member = object.if_contains("renditions");
  const boost::json::array* renditions = member == nullptr ? nullptr : member->if_array();
  if (!format) return broken("format");
  if (!created) return broken("created");
  if (renditions == nullptr) return broken("renditions");
  Job job;
  job.format = *format;
  job.created = from_unix_ms(*created);
  job.name = json::get_string(object, "name").value_or("");
  job.keep_original = json::get_bool(object, "keep").value_or(false);
  job.trace = json::get_string(object, "trace").value_or("");
  for (const boost::json::value& value : *renditions) {
    ASSIGN_OR_RETURN(RenditionSpec spec, decode_spec(value));
    job.renditions.push_back(std::move(spec));
  }
  if (const Status valid = validate(job.renditions); !valid.ok()) return broken("renditions");
  return job;
}

}  // namespace thumbmill
