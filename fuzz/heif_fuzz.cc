// The HEIF kernel: the container first, with the bytes and the meaning of each item, then the
// picture at a small and at its full size.
#include <string>

#include "base/status.h"
#include "fuzz_target.h"
#include "image/heif/container.h"
#include "image/heif/heif_kernel.h"
#include "image/heif/still_decoder.h"

using namespace thumbmill;

namespace {

void check_code(const Status& status) {
  const Code code = status.code();
  THUMBMILL_CHECK(code == Code::ok || code == Code::unsupported || code == Code::corrupt_input ||
                  code == Code::too_large);
}

void look_at_items(const heif::Container& container, const ImageLimits& limits,
                   std::size_t file_bytes) {
  std::string joined;
  std::size_t items = 0;
  for (const auto& [id, item] : container.items) {
    if (++items > 8) return;
    const auto bytes = heif::item_bytes(container, item, joined);
    check_code(bytes.status());
    if (bytes.ok()) THUMBMILL_CHECK(bytes->size() <= file_bytes);
    const auto open = heif::open_still(container, item, limits);
    check_code(open.status());
    if (!open.ok()) continue;
    const heif::Placement& place = open->placement;
    THUMBMILL_CHECK(place.orientation >= 1 && place.orientation <= 8);
    THUMBMILL_CHECK(place.kept.width > 0 && place.kept.height > 0);
    THUMBMILL_CHECK(place.left + place.kept.width <= open->stored.width);
    THUMBMILL_CHECK(place.top + place.kept.height <= open->stored.height);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view file = fuzz_text(data, size);
  ThumbnailRequest request;
  request.limits.max_pixels = 1 << 16;
  request.limits.max_side_px = 1 << 12;
  const auto container = heif::read_container(file);
  check_code(container.status());
  if (!container.ok()) return 0;
  look_at_items(*container, request.limits, size);
  for (const std::uint32_t side : {8u, 4096u}) {
    request.renditions = {{.width_px = side, .height_px = side}};
    const auto decoded = heif::decode_by_tiles(file, request);
    check_code(decoded.status());
    if (!decoded.ok()) continue;
    for (const planar::Plane& plane : decoded->picture.planes) {
      THUMBMILL_CHECK(plane.width > 0 && plane.height > 0);
      THUMBMILL_CHECK(plane.samples.size() >= plane.stride * plane.height);
    }
  }
  return 0;
}
