#include "image/webp/decoder.h"

#include <cstddef>
#include <utility>

#include <webp/decode.h>

namespace thumbmill::webp {
namespace {

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

}  // namespace

Result<planar::Picture> decode(std::string_view file, const Container& container,
                               BlockEdges edges) {
  planar::Picture picture;
  picture.model = planar::ColorModel::ycbcr;
  picture.video_range = true;
  for (const std::uint32_t divisor : {1u, 2u, 2u}) {
    picture.planes.push_back(make_plane(container.size, divisor));
  }
  Plane& luma = picture.planes[0];
  Plane& blue = picture.planes[1];
  Plane& red = picture.planes[2];
  WebPDecoderConfig config;
  THUMBMILL_CHECK(WebPInitDecoderConfig(&config) != 0);  // false for another version of libwebp
  config.options.bypass_filtering = edges == BlockEdges::leave ? 1 : 0;
  config.output.colorspace = MODE_YUV;
  config.output.is_external_memory = 1;
  WebPYUVABuffer& planes = config.output.u.YUVA;
  planes.y = luma.samples.data();
  planes.u = blue.samples.data();
  planes.v = red.samples.data();
  planes.y_stride = static_cast<int>(luma.stride);
  planes.u_stride = planes.v_stride = static_cast<int>(blue.stride);
  planes.y_size = luma.samples.size();
  planes.u_size = planes.v_size = blue.samples.size();
  const VP8StatusCode status =
      WebPDecode(reinterpret_cast<const std::uint8_t*>(file.data()), file.size(), &config);
  WebPFreeDecBuffer(&config.output);
  if (status == VP8_STATUS_OUT_OF_MEMORY) {
    return Status(Code::too_large, "the image takes more than decoder-memory to decode");
  }
  if (status != VP8_STATUS_OK) {
    return Status(Code::corrupt_input, "the image cannot be decoded", "libwebp");
  }
  return picture;
}

std::uint64_t decoding_memory(const Container& container) {
  const std::uint64_t pixels = std::uint64_t{container.size.width} * container.size.height;
  // The planes, rounded up; of a lossless file all pixels in 32 bits as well, and its tables.
  return container.lossless ? 7 * pixels : 2 * pixels;
}

}  // namespace thumbmill::webp
