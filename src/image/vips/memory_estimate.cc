#include "image/vips/memory_estimate.h"

#include <algorithm>

namespace thumbmill {
namespace {

// Stacks, tables, buffers of libraries, whatever the size of the image.
constexpr std::uint64_t kBase = 24ull << 20;
// Lines of the picture that resizing keeps at once.
constexpr std::uint64_t kLines = 400;
// A rendition on its way: 8-bit RGBA, a few times over, and floating point in colour conversion.
constexpr std::uint64_t kBytesPerRenditionPixel = 48;

std::uint64_t area(SizePx size) { return std::uint64_t{size.width} * size.height; }

bool has(const VipsImage* image, const char* field) {
  return vips_image_get_typeof(image, field) != 0;
}

// Bytes of a whole picture that the format's decoder holds, of which it hands out lines.
std::uint64_t held_by_decoder(const OpenImage& opened, ImageFormat format,
                              std::uint64_t pixel_bytes) {
  const std::uint64_t full = area(opened.full_size);
  VipsImage* image = opened.image.get();
  const auto bands = static_cast<std::uint64_t>(vips_image_get_bands(image));
  switch (format) {
    case ImageFormat::jpeg:
      // All coefficients, of 16 bits, when they come in several scans.
      return has(image, "jpeg-multiscan") ? full * bands * 2 : 0;
    case ImageFormat::png:
      return has(image, "interlaced") ? full * pixel_bytes : 0;
    case ImageFormat::webp:
      return full * 4 + full;  // lossless: all of it, in 32 bits, and its own tables
    case ImageFormat::gif:
      return full * 8;
    case ImageFormat::heic:
    case ImageFormat::avif:
      // In the codec, with its reference pictures; as planes; and interleaved.
      return full * pixel_bytes * 3;
    case ImageFormat::tiff:
      return full * pixel_bytes * 2;  // a strip, or a row of tiles, may be all of it
    default:
      return 0;
  }
}

}  // namespace

std::uint64_t estimate_memory(const OpenImage& opened, const ThumbnailRequest& request) {
  VipsImage* image = opened.image.get();
  const std::uint64_t pixel_bytes = VIPS_IMAGE_SIZEOF_PEL(image);
  const auto width = static_cast<std::uint64_t>(vips_image_get_width(image));
  const auto height = static_cast<std::uint64_t>(vips_image_get_height(image));
  std::uint64_t bytes = kBase + request.source.size();
  bytes += held_by_decoder(opened, request.format, pixel_bytes);
  bytes += width * std::min(height, kLines) * pixel_bytes;
  if (request.renditions.size() > 1) bytes += width * height * pixel_bytes;
  std::uint64_t largest = 0;
  for (const RenditionSpec& spec : request.renditions) {
    const FitPlan plan = plan_fit(opened.full_size, spec);
    largest = std::max(largest, area(plan.scaled) + area(plan.canvas));
  }
  return bytes + largest * kBytesPerRenditionPixel;
}

}  // namespace thumbmill
