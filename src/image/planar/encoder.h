// The formats in which finished pictures are written. JPEG, WebP and PNG are here; image/heif adds
// AVIF, whose libraries only one of the decoder programs has.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "image/planar/picture.h"
#include "model/image_format.h"

namespace thumbmill::planar {

/// How finished pictures become files of one format, without metadata or profile. Functions are
/// thread-safe; `quality` is 1 to 100 and of no effect on formats without loss. internal when the
/// encoder fails. May throw std::bad_alloc.
struct FormatEncoder {
  ImageFormat format;
  /// Pixels; with alpha for formats other than JPEG.
  Result<std::string> (*encode_pixels)(const Pixels& pixels, int quality);
  /// Planes as they are: grey, or ycbcr (BT.601, full range) with chroma divided by
  /// chroma_divisor_of() and rounded up. Null where the format does not store such planes.
  Result<std::string> (*encode_planes)(const Picture& picture, int quality);
};

/// JPEG, WebP and PNG.
std::vector<FormatEncoder> own_encoders();

/// The row of `format`; null where there is none.
const FormatEncoder* find_encoder(const std::vector<FormatEncoder>& encoders, ImageFormat format);

/// How much smaller than luma chroma is stored, in both directions; 1 for formats that do not store
/// planes.
std::uint32_t chroma_divisor_of(ImageFormat format, int quality);

/// About the most bytes a pixel that a rendition takes on its way: planes, pixels and what the
/// encoder of `format` makes of them.
std::uint64_t encoding_bytes_per_pixel(ImageFormat format);

}  // namespace thumbmill::planar
