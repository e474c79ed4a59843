// The HEIF kernel: HEIC and AVIF to planes, reduced tile by tile on the way, so that a picture in
// tiles is never in memory as a whole.
//
// Pictures are turned as irot and imir say (MIAF, ISO/IEC 23000-22 section 7.3.6.7), and not by
// their EXIF. It leaves to libheif, by unsupported: pictures that are neither HEVC nor AV1 nor a
// grid of these, and whatever else is unusual (still_image.h, properties.h).
#pragma once

#include <string_view>

#include "base/status.h"
#include "image/planar/rendition_maker.h"
#include "image/thumbnailer.h"

namespace thumbmill::heif {

/// A FormatDecoder's `decode` (planar_thumbnailer.h), for HEIC and AVIF alike.
Result<planar::Decoded> decode_heif(std::string_view file, const ThumbnailRequest& request);

}  // namespace thumbmill::heif
