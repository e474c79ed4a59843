// The TIFF kernel: a file's first page to planes, in boxes of pixels where the picture becomes much
// smaller. docs/tiff-kernel.md says which files it reads. Further pages, thumbnails among them, are
// counted and not looked at.
#pragma once

#include <string_view>

#include "image/planar/rendition_maker.h"
#include "image/thumbnailer.h"

namespace thumbmill::tiff {

/// A FormatDecoder's `decode` (planar_thumbnailer.h). Of a damaged file it gives what can be
/// decoded, the rest white, or clear where the picture has alpha; corrupt_input when nothing can.
Result<planar::Decoded> decode_tiff(std::string_view file, const ThumbnailRequest& request);

}  // namespace thumbmill::tiff
