// The TIFF kernel and what it hands to libtiff: tags, segments, samples of every kind.
#include "base/status.h"
#include "fuzz_target.h"
#include "image/tiff/pages.h"
#include "image/tiff/tiff_kernel.h"

using namespace thumbmill;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view file = fuzz_text(data, size);
  THUMBMILL_CHECK(tiff::count_pages(file, 50) <= 50);
  ThumbnailRequest request;
  request.format = ImageFormat::tiff;
  request.limits.max_pixels = 1 << 16;
  request.limits.max_memory_bytes = 64 << 20;
  for (const std::uint32_t side : {4096u, 20u}) {
    request.renditions = {RenditionSpec{.width_px = side, .height_px = side}};
    const auto decoded = tiff::decode_tiff(file, request);
    if (!decoded.ok()) {
      const Code code = decoded.status().code();
      THUMBMILL_CHECK(code == Code::unsupported || code == Code::corrupt_input ||
                      code == Code::too_large);
      return 0;
    }
    const planar::Picture& picture = decoded->picture;
    THUMBMILL_CHECK(picture.orientation >= 1 && picture.orientation <= 8);
    THUMBMILL_CHECK(decoded->profile.size() <= size + 4096);
    for (const planar::Plane& plane : picture.planes) {
      THUMBMILL_CHECK(plane.width > 0 && plane.height > 0);
      THUMBMILL_CHECK(plane.samples.size() >= plane.stride * plane.height);
    }
  }
  return 0;
}
