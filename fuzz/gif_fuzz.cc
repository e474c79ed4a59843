// The GIF kernel: the container, its codes, and the rows of the canvas.
#include "base/status.h"
#include "fuzz_target.h"
#include "image/gif/gif_kernel.h"

using namespace thumbmill;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ThumbnailRequest request;
  request.limits.max_pixels = 1 << 18;
  request.renditions = {RenditionSpec{.width_px = 20, .height_px = 20}};
  const auto decoded = gif::decode_gif(fuzz_text(data, size), request);
  if (!decoded.ok()) {
    const Code code = decoded.status().code();
    THUMBMILL_CHECK(code == Code::corrupt_input || code == Code::too_large);
    return 0;
  }
  const std::uint64_t pixels = std::uint64_t{decoded->size.width} * decoded->size.height;
  THUMBMILL_CHECK(pixels > 0 && pixels <= request.limits.max_pixels);
  for (const planar::Plane& plane : decoded->picture.planes) {
    THUMBMILL_CHECK(plane.width > 0 && plane.samples.size() == plane.stride * plane.height);
  }
  return 0;
}
