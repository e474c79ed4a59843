// The HEIF kernel: HEIC and AVIF to planes, reduced tile by tile on the way, so that a picture in
// tiles is never in memory as a whole. What it does not read itself (still_image.h, properties.h)
// libheif decodes, at full size.
//
// Pictures are turned as irot and imir say (MIAF, ISO/IEC 23000-22 section 7.3.6.7), and not by
// their EXIF.
#pragma once

#include <string_view>

#include "base/status.h"
#include "image/planar/rendition_maker.h"
#include "image/thumbnailer.h"

namespace thumbmill::heif {

/// A FormatDecoder's `decode` (planar_thumbnailer.h), for HEIC and AVIF alike.
Result<planar::Decoded> decode_heif(std::string_view file, const ThumbnailRequest& request);

/// The same without libheif: unsupported for what the kernel does not read itself.
Result<planar::Decoded> decode_by_tiles(std::string_view file, const ThumbnailRequest& request);

/// Opens all files that decode_heif() may need. To be called before a process may open no more.
void warm_up_heif();

}  // namespace thumbmill::heif
