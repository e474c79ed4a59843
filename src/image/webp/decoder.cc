#include "image/webp/decoder.h"

#include <cstddef>
#include <memory>
#include <utility>

#include <webp/decode.h>

namespace thumbmill::webp {
namespace {

using planar::Picture;
using planar::Plane;

// `divisor` is how much smaller than the picture the plane is; its last samples may reach over it.
Plane make_plane(SizePx size, std::uint32_t divisor) {
  Plane plane;
  plane.width = plane.stride = (size.width + divisor - 1) / divisor;
  plane.height = (size.height + divisor - 1) / divisor;
  plane.extent_x = static_cast<double>(size.width) / divisor;
  plane.extent_y = static_cast<double>(size.height) / divisor;
  plane.samples.resize(plane.stride * plane.height);
  return plane;
}

WebPDecoderConfig make_config(WEBP_CSP_MODE samples) {
  WebPDecoderConfig config;
  THUMBMILL_CHECK(WebPInitDecoderConfig(&config) != 0);  // false for another version of libwebp
  config.output.colorspace = samples;
  config.output.is_external_memory = 1;
  return config;
}

Status run(std::string_view file, WebPDecoderConfig& config) {
  const VP8StatusCode status =
      WebPDecode(reinterpret_cast<const std::uint8_t*>(file.data()), file.size(), &config);
  WebPFreeDecBuffer(&config.output);
  if (status == VP8_STATUS_OUT_OF_MEMORY) {
    return Status(Code::too_large, "the image takes more than decoder-memory to decode");
  }
  if (status != VP8_STATUS_OK) {
    return Status(Code::corrupt_input, "the image cannot be decoded", "libwebp");
  }
  return Status();
}

Result<Picture> decode_lossy(std::string_view file, SizePx size, BlockEdges edges) {
  Picture picture;
  picture.model = planar::ColorModel::ycbcr;
  picture.video_range = true;
  for (const std::uint32_t divisor : {1u, 2u, 2u}) {
    picture.planes.push_back(make_plane(size, divisor));
  }
  Plane& luma = picture.planes[0];
  Plane& blue = picture.planes[1];
  Plane& red = picture.planes[2];
  WebPDecoderConfig config = make_config(MODE_YUV);
  config.options.bypass_filtering = edges == BlockEdges::leave ? 1 : 0;
  WebPYUVABuffer& planes = config.output.u.YUVA;
  planes.y = luma.samples.data();
  planes.u = blue.samples.data();
  planes.v = red.samples.data();
  planes.y_stride = static_cast<int>(luma.stride);
  planes.u_stride = planes.v_stride = static_cast<int>(blue.stride);
  planes.y_size = luma.samples.size();
  planes.u_size = planes.v_size = blue.samples.size();
  RETURN_IF_ERROR(run(file, config));
  return picture;
}

// Not as YCbCr, which libwebp can make of a lossless picture as well: chroma at half the sides and
// a level or two off would show in drawings.
Result<Picture> decode_pixels(std::string_view file, const Container& container, BlockEdges edges) {
  const SizePx size = container.size;
  const std::size_t bands = container.has_alpha ? 4 : 3;
  const std::size_t pixels = std::size_t{size.width} * size.height;
  // Not cleared: libwebp writes all of it, or fails.
  const auto bytes = std::make_unique_for_overwrite<std::uint8_t[]>(pixels * bands);
  WebPDecoderConfig config = make_config(container.has_alpha ? MODE_rgbA : MODE_RGB);
  config.options.bypass_filtering = edges == BlockEdges::leave ? 1 : 0;
  config.output.u.RGBA.rgba = bytes.get();
  config.output.u.RGBA.stride = static_cast<int>(size.width * bands);
  config.output.u.RGBA.size = pixels * bands;
  RETURN_IF_ERROR(run(file, config));
  Picture picture;
  picture.model = planar::ColorModel::rgb;
  picture.has_alpha = container.has_alpha;
  for (std::size_t band = 0; band < bands; ++band) {
    Plane& plane = picture.planes.emplace_back(make_plane(size, 1));
    for (std::size_t i = 0; i < pixels; ++i) plane.samples[i] = bytes[bands * i + band];
  }
  return picture;
}

}  // namespace

Result<Picture> decode(std::string_view file, const Container& container, BlockEdges edges) {
  return container.lossless || container.has_alpha ? decode_pixels(file, container, edges)
                                                   : decode_lossy(file, container.size, edges);
}

std::uint64_t decoding_memory(const Container& container) {
  const std::uint64_t pixels = std::uint64_t{container.size.width} * container.size.height;
  const std::uint64_t bands = container.has_alpha ? 4 : 3;
  // Pixels and planes; in libwebp of a lossless file all pixels in 32 bits and its tables, of a
  // lossy one the alpha.
  if (container.lossless) return (2 * bands + 5) * pixels;
  if (container.has_alpha) return (2 * bands + 2) * pixels;
  return 2 * pixels;  // the planes, rounded up
}

}  // namespace thumbmill::webp
