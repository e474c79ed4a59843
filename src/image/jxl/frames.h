// The frames of a JPEG XL, as their headers have them: each may be of another size than the
// picture, and larger. Decodes no pixels.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"
#include "model/limits.h"

namespace thumbmill::jxl {

/// Those that the first shown picture is made of.
struct Frames {
  std::uint64_t count = 0;        ///< 0 where none can be read: the decoding will tell
  std::uint64_t most_pixels = 0;  ///< of the largest
};

/// too_large names the limit that a frame is over. libjxl does not tell of frames that are never
/// shown and only copied from.
Result<Frames> read_frames(std::string_view file, const ImageLimits& limits);

}  // namespace thumbmill::jxl
