// HEIF pictures of every kind that libheif reads, at full size and in red, green and blue: for what
// the kernel declines (overlays, uncompressed pictures, JPEG items, tiles that differ).
#pragma once

#include <string_view>

#include "base/status.h"
#include "image/planar/rendition_maker.h"
#include "image/thumbnailer.h"

namespace thumbmill::heif {

/// Loads libheif's codecs, which are files of their own: before the process may open no more files.
/// decode_by_libheif() does it where it was not done.
void warm_up_libheif();

/// As a FormatDecoder's `decode` (planar_thumbnailer.h). Transforms are applied: the picture's
/// orientation is 1.
Result<planar::Decoded> decode_by_libheif(std::string_view file, const ThumbnailRequest& request);

}  // namespace thumbmill::heif
