// The WebP kernel's own part and what it hands to libwebp: the container, then the planes.
#include "base/status.h"
#include "fuzz_target.h"
#include "image/webp/container.h"
#include "image/webp/decoder.h"

using namespace thumbmill;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view file = fuzz_text(data, size);
  const auto container = webp::read_container(file);
  if (!container.ok()) {
    THUMBMILL_CHECK(container.status().code() == Code::corrupt_input);
    return 0;
  }
  const auto [width, height] = container->canvas;
  THUMBMILL_CHECK(width > 0 && height > 0);
  THUMBMILL_CHECK(container->orientation >= 1 && container->orientation <= 8);
  THUMBMILL_CHECK(container->profile.size() <= size);
  constexpr std::uint64_t kMostPixels = 1 << 18;
  if (std::uint64_t{width} * height > kMostPixels) return 0;
  const auto smooth = webp::decode(*container, webp::BlockEdges::smooth);
  const auto rough = webp::decode(*container, webp::BlockEdges::leave);
  THUMBMILL_CHECK(smooth.ok() == rough.ok());
  if (!smooth.ok()) return 0;
  for (const auto* picture : {&*smooth, &*rough}) {
    THUMBMILL_CHECK(picture->planes.front().width == width);
    THUMBMILL_CHECK(picture->planes.front().height == height);
    for (const planar::Plane& plane : picture->planes) {
      THUMBMILL_CHECK(plane.samples.size() >= plane.stride * plane.height);
    }
  }
  return 0;
}
