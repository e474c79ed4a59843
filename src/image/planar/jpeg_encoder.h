// Encodes finished pictures as JPEG with libjpeg-turbo: baseline, Huffman tables made to measure,
// JFIF, no metadata. The one place with libjpeg's error handling on the way out.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "image/planar/picture.h"

namespace thumbmill::planar {

/// How much smaller than luma chroma is stored at this quality, in both directions: from 90 on it
/// is not, as in libvips, so that it does not matter which kernel a job gets.
inline std::uint32_t chroma_divisor_of(int quality) { return quality >= 90 ? 1 : 2; }

/// Planes as they are, without a conversion: grey, or ycbcr with chroma divided by `chroma_divisor`
/// and rounded up. `quality` is 1 to 100. internal when libjpeg fails.
Result<std::string> encode_planes(const Picture& picture, std::uint32_t chroma_divisor,
                                  int quality);

/// Pixels, converted and subsampled by libjpeg.
Result<std::string> encode_rgb(const RgbPixels& pixels, int quality);

}  // namespace thumbmill::planar
