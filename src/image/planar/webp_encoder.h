// Encodes finished pictures as lossy WebP with libwebp: its default method, no metadata, the same
// parameters as libvips' webpsave has by default.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "image/planar/picture.h"

namespace thumbmill::planar {

/// VP8 is 4:2:0 at any quality (RFC 6386 section 2).
inline constexpr std::uint32_t kWebpChromaDivisor = 2;

/// Planes, whose samples only change their range: grey, or ycbcr with chroma divided by
/// kWebpChromaDivisor and rounded up. Sides are at most 16383. `quality` is 0 to 100. internal when
/// libwebp fails.
Result<std::string> encode_webp(const Picture& picture, int quality);

/// Pixels, converted and subsampled by libwebp; alpha is kept without loss.
Result<std::string> encode_webp(const Pixels& pixels, int quality);

}  // namespace thumbmill::planar
