#include "api/upload_options.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "api/job_wait.h"
#include "model/rendition_pixels.h"

namespace thumbmill {
namespace {

// The fields of the one rendition that an upload may describe itself.
constexpr std::array<std::string_view, 6> kRenditionOptions{"size",    "fit",        "format",
                                                            "quality", "background", "enlarge"};
constexpr std::array<std::string_view, 4> kOtherOptions{"renditions", "name", "keep", "wait"};

constexpr std::string_view kOwnRendition = "thumb";

UploadFields all_values(const HttpRequest& request, const UploadFields& fields) {
  UploadFields values = fields;
  for (const auto& [name, value] : request.query) {
    if (is_upload_option(name)) values.try_emplace(name, value);
  }
  return values;
}

std::string names_of(const std::map<std::string, RenditionSpec>& presets) {
  std::vector<std::string_view> names;
  for (const auto& [name, spec] : presets) names.push_back(name);
  return fmt::format("{}", fmt::join(names, ", "));
}

Result<std::vector<RenditionSpec>> presets_named(const std::vector<std::string>& names,
                                                 const UploadDefaults& defaults) {
  std::vector<RenditionSpec> specs;
  for (const std::string& name : names) {
    const auto preset = defaults.presets.find(name);
    if (preset == defaults.presets.end()) {
      return Status(Code::invalid_argument, fmt::format("there is no rendition \"{}\"; allowed: {}",
                                                        name, names_of(defaults.presets)));
    }
    specs.push_back(preset->second);
    specs.back().name = name;
  }
  return specs;
}

std::vector<std::string> split_names(std::string_view list) {
  std::vector<std::string> names;
  while (true) {
    const std::size_t comma = std::min(list.find(','), list.size());
    names.emplace_back(list.substr(0, comma));
    if (comma == list.size()) return names;
    list.remove_prefix(comma + 1);
  }
}

Result<std::vector<RenditionSpec>> parse_renditions(const UploadFields& values,
                                                    const UploadDefaults& defaults) {
  const auto names = values.find("renditions");
  const bool own = std::ranges::any_of(
      kRenditionOptions, [&](std::string_view option) { return values.contains(option); });
  if (own && defaults.named_only) {
    return Status(Code::invalid_argument,
                  fmt::format("renditions are asked for by name only here (renditions=...); "
                              "allowed: {}",
                              names_of(defaults.presets)));
  }
  if (names != values.end() && own) {
    return Status(Code::invalid_argument,
                  "give either renditions or the options of one rendition (size, fit, ...)");
  }
  if (names != values.end()) return presets_named(split_names(names->second), defaults);
  if (!own) return presets_named(defaults.renditions, defaults);

  const auto base = defaults.presets.find(std::string(kOwnRendition));
  RenditionSpec spec = base != defaults.presets.end() ? base->second : RenditionSpec();
  spec.name = kOwnRendition;
  for (const std::string_view option : kRenditionOptions) {
    const auto value = values.find(option);
    if (value == values.end()) continue;
    RETURN_IF_ERROR(set_rendition_option(option, value->second, spec));
  }
  return std::vector<RenditionSpec>{spec};
}

}  // namespace

bool is_upload_option(std::string_view name) {
  return std::ranges::find(kRenditionOptions, name) != kRenditionOptions.end() ||
         std::ranges::find(kOtherOptions, name) != kOtherOptions.end();
}

Result<UploadOptions> parse_upload_options(const HttpRequest& request, const UploadFields& fields,
                                           const UploadDefaults& defaults) {
  const UploadFields values = all_values(request, fields);
  UploadOptions options;
  ASSIGN_OR_RETURN(options.renditions, parse_renditions(values, defaults));
  RETURN_IF_ERROR(validate(options.renditions));
  RETURN_IF_ERROR(check_boxes(options.renditions, defaults.max_rendition_pixels));
  options.keep_original = defaults.keep_original;
  if (const auto keep = values.find("keep"); keep != values.end()) {
    if (keep->second != "true" && keep->second != "false") {
      return Status(Code::invalid_argument,
                    fmt::format("keep \"{}\" is not allowed: true, false", keep->second));
    }
    options.keep_original = keep->second == "true";
  }
  if (const auto wait = values.find("wait"); wait != values.end()) {
    ASSIGN_OR_RETURN(options.wait, parse_wait(wait->second));
  }
  if (const auto name = values.find("name"); name != values.end()) options.name = name->second;
  return options;
}

Result<std::optional<std::string>> parse_idempotency_key(const HttpRequest& request) {
  const auto key = request.fields.get("Idempotency-Key");
  if (!key) return std::optional<std::string>();
  const bool visible = std::ranges::all_of(*key, [](char c) { return c > 0x20 && c < 0x7f; });
  if (request.fields.count("Idempotency-Key") > 1 || key->empty() || key->size() > 255 ||
      !visible) {
    return Status(Code::invalid_argument,
                  "Idempotency-Key must be one value of 1 to 255 visible ASCII characters");
  }
  return std::optional(std::string(*key));
}

}  // namespace thumbmill
