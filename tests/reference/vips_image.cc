#include "reference/vips_image.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace thumbmill {
namespace {

// What libvips and libjpeg say when they get no more memory.
constexpr std::array<std::string_view, 2> kNoMemory{"out of memory", "Insufficient memory"};

// What libvips, libjpeg and libheif say of an image that is whole, but not of a kind they read. Not
// every "unsupported": libjpeg calls a damaged marker so.
constexpr std::array<std::string_view, 5> kUnsupported{
    "not supported", "Unsupported JPEG data precision", "samples_per_pixel not a whole number",
    "required field 262 missing",  // a TIFF that does not say what its samples mean
    "not include any supported brands"};

bool says_any(const std::string& detail, const auto& phrases) {
  return std::any_of(phrases.begin(), phrases.end(), [&](std::string_view words) {
    return detail.find(words) != std::string::npos;
  });
}

}  // namespace

Status vips_failure(Code code, std::string message) {
  std::string detail = vips_error_buffer();
  vips_error_clear();
  while (!detail.empty() && detail.back() == '\n') detail.pop_back();
  return Status(code, std::move(message), std::move(detail));
}

Status decode_failure() {
  Status failure = vips_failure(Code::corrupt_input, "the image cannot be decoded");
  if (says_any(failure.detail(), kNoMemory)) {
    return Status(Code::too_large, "the image takes more than decoder-memory to decode",
                  failure.detail());
  }
  if (says_any(failure.detail(), kUnsupported)) {
    return Status(Code::unsupported, "this variant of the image's format is not supported",
                  failure.detail());
  }
  return failure;
}

}  // namespace thumbmill
