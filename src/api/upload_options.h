// Options of an upload: what its query parameters and form fields ask for.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/limits.h"
#include "model/rendition.h"
#include "net/http.h"

namespace thumbmill {

/// What the configuration offers to uploads.
struct UploadDefaults {
  std::map<std::string, RenditionSpec> presets;  ///< by name
  std::vector<std::string> renditions;  ///< names of presets, for uploads that ask for none
  bool named_only = false;              ///< no upload describes a rendition itself
  bool keep_original = false;
  std::uint64_t max_rendition_pixels = ImageLimits().max_rendition_pixels;  ///< see check_boxes()
};

/// What one upload asks for.
struct UploadOptions {
  std::vector<RenditionSpec> renditions;  ///< validate() holds
  bool keep_original = false;
  std::chrono::seconds wait{0};  ///< for the end of the job
  std::string name;              ///< of a raw body
};

/// Option values by name, as text.
using UploadFields = std::map<std::string, std::string, std::less<>>;

/// True for the name of an option; everything else in a form or query is ignored.
bool is_upload_option(std::string_view name);

/// The options in `fields` (of the form), which win over those in the query. invalid_argument
/// naming the option and what is allowed.
Result<UploadOptions> parse_upload_options(const HttpRequest& request, const UploadFields& fields,
                                           const UploadDefaults& defaults);

/// The Idempotency-Key, when there is one. invalid_argument when it is not 1 to 255 visible ASCII
/// characters, or there are several.
Result<std::optional<std::string>> parse_idempotency_key(const HttpRequest& request);

}  // namespace thumbmill
