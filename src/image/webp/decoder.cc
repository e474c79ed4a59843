#include "image/webp/decoder.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include <webp/decode.h>

#include "image/limit_checks.h"

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

const std::uint8_t* bytes_of(const Container& container) {
  return reinterpret_cast<const std::uint8_t*>(container.pixels.data());
}

Status status_of(VP8StatusCode code) {
  if (code == VP8_STATUS_OK) return Status();
  if (code == VP8_STATUS_OUT_OF_MEMORY) {
    return no_memory();
  }
  return Status(Code::corrupt_input, "the image cannot be decoded", "libwebp");
}

Status run(const Container& container, WebPDecoderConfig& config) {
  const VP8StatusCode code = WebPDecode(bytes_of(container), container.pixels.size(), &config);
  WebPFreeDecBuffer(&config.output);
  return status_of(code);
}

struct DeleteDecoder {
  void operator()(WebPIDecoder* decoder) const { WebPIDelete(decoder); }
};

// Of a frame that is cut off: how many rows were there.
Result<std::size_t> run_partly(const Container& container, WebPDecoderConfig& config) {
  const std::unique_ptr<WebPIDecoder, DeleteDecoder> decoder(WebPIDecode(nullptr, 0, &config));
  if (decoder == nullptr) return status_of(VP8_STATUS_OUT_OF_MEMORY);
  const VP8StatusCode code =
      WebPIUpdate(decoder.get(), bytes_of(container), container.pixels.size());
  if (code != VP8_STATUS_SUSPENDED) RETURN_IF_ERROR(status_of(code));
  int rows = 0;
  if (WebPIDecGetRGB(decoder.get(), &rows, nullptr, nullptr, nullptr) == nullptr || rows <= 0) {
    return Status(Code::corrupt_input, "the image cannot be decoded", "a WebP without a row");
  }
  return static_cast<std::size_t>(rows);
}

Result<Picture> decode_lossy(const Container& container, BlockEdges edges) {
  const SizePx size = container.canvas;
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
  RETURN_IF_ERROR(run(container, config));
  return picture;
}

bool shows_through(const Container& container) {
  return container.has_alpha || !container.complete || !container.is_covered();
}

// Not as YCbCr, which libwebp can make of a lossless picture as well: chroma at half the sides and
// a level or two off would show in drawings.
Result<Picture> decode_pixels(const Container& container, BlockEdges edges) {
  const SizePx size = container.canvas;
  const std::size_t bands = shows_through(container) ? 4 : 3;
  const std::size_t stride = size.width * bands;
  const std::size_t begin = container.top * stride + container.left * bands;
  const std::size_t count = stride * size.height;
  const auto bytes = std::make_unique_for_overwrite<std::uint8_t[]>(count);
  // Else libwebp writes all of it, or fails.
  if (!container.complete || !container.is_covered()) std::fill_n(bytes.get(), count, 0);
  WebPDecoderConfig config = make_config(bands == 4 ? MODE_rgbA : MODE_RGB);
  config.options.bypass_filtering = edges == BlockEdges::leave ? 1 : 0;
  config.output.u.RGBA.rgba = bytes.get() + begin;
  config.output.u.RGBA.stride = static_cast<int>(stride);
  config.output.u.RGBA.size = count - begin;
  if (container.complete) {
    RETURN_IF_ERROR(run(container, config));
  } else {
    ASSIGN_OR_RETURN(const std::size_t rows, run_partly(container, config));
    const std::size_t end = std::min<std::size_t>(container.top + rows, size.height) * stride;
    std::fill(bytes.get() + end, bytes.get() + count, std::uint8_t{0});
  }
  Picture picture;
  picture.model = planar::ColorModel::rgb;
  picture.has_alpha = bands == 4;
  for (std::size_t band = 0; band < bands; ++band) {
    Plane& plane = picture.planes.emplace_back(make_plane(size, 1));
    for (std::size_t i = 0; i < plane.samples.size(); ++i) {
      plane.samples[i] = bytes[bands * i + band];
    }
  }
  return picture;
}

}  // namespace

Result<Picture> decode(const Container& container, BlockEdges edges) {
  return container.lossless || shows_through(container) ? decode_pixels(container, edges)
                                                        : decode_lossy(container, edges);
}

std::uint64_t decoding_memory(const Container& container) {
  const std::uint64_t pixels = std::uint64_t{container.canvas.width} * container.canvas.height;
  const std::uint64_t bands = shows_through(container) ? 4 : 3;
  // Pixels and planes; in libwebp of a lossless file all pixels in 32 bits and its tables, of a
  // lossy one the alpha, and of one that is cut off all of its data.
  if (container.lossless) return (2 * bands + 5) * pixels;
  if (bands == 4) return (2 * bands + 2) * pixels;
  return 2 * pixels;  // the planes, rounded up
}

}  // namespace thumbmill::webp
