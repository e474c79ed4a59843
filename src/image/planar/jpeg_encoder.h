// Encodes finished pictures as JPEG with libjpeg-turbo: baseline, Huffman tables made to measure,
// JFIF, no metadata. The one place with libjpeg's error handling on the way out.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "image/planar/picture.h"

namespace thumbmill::planar {

/// How much smaller than luma chroma is stored at this quality, in both directions: from 90 on it
/// is not, as in libvips.
inline std::uint32_t jpeg_chroma_divisor(int quality) { return quality >= 90 ? 1 : 2; }

/// Planes as they are, without a conversion: grey, or ycbcr with chroma divided by
/// jpeg_chroma_divisor() and rounded up. `quality` is 1 to 100. internal when libjpeg fails.
Result<std::string> encode_jpeg(const Picture& picture, int quality);

/// Pixels without alpha, converted and subsampled by libjpeg.
Result<std::string> encode_jpeg(const Pixels& pixels, int quality);

}  // namespace thumbmill::planar
