// What holds for every decoder of a PlanarThumbnailer, whatever its input.
#pragma once

#include <new>
#include <string_view>

#include "base/status.h"
#include "image/planar/rendition_maker.h"

namespace thumbmill {

/// Runs `decode` for a rendition that needs all of the picture and for one that needs little of it.
inline void fuzz_kernel(Result<planar::Decoded> (*decode)(std::string_view,
                                                          const ThumbnailRequest&),
                        std::string_view file) {
  for (const std::uint32_t side : {512u, 4u}) {
    ThumbnailRequest request;
    request.renditions = {{.width_px = side, .height_px = side}};
    request.limits.max_pixels = 1 << 18;
    request.limits.max_side_px = 1 << 14;
    try {
      const auto decoded = decode(file, request);
      if (!decoded.ok()) {
        const Code code = decoded.status().code();
        THUMBMILL_CHECK(code == Code::unsupported || code == Code::corrupt_input ||
                        code == Code::too_large);
        continue;
      }
      THUMBMILL_CHECK(decoded->size.width > 0 && decoded->size.height > 0);
      THUMBMILL_CHECK(decoded->picture.orientation >= 1 && decoded->picture.orientation <= 8);
      THUMBMILL_CHECK(!decoded->picture.planes.empty());
      for (const planar::Plane& plane : decoded->picture.planes) {
        THUMBMILL_CHECK(plane.width > 0 && plane.height > 0 && plane.stride >= plane.width);
        THUMBMILL_CHECK(plane.samples.size() >= plane.stride * plane.height);
        THUMBMILL_CHECK(plane.extent_x > 0 && plane.extent_y > 0);
      }
    } catch (const std::bad_alloc&) {
      // Too large.
    }
  }
}

}  // namespace thumbmill
