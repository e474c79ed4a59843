// The kernel for bitmaps to planes: BMP files of Windows and OS/2, and the images in icons and
// cursors (ico_kernel.h). What run lengths skip is clear, and alpha counts as in Chromium. Gamma
// and primaries of a BITMAPV4HEADER are not read, as in Chromium; an embedded profile is.
#pragma once

#include "image/planar/rendition_maker.h"

namespace thumbmill::bmp {

/// A FormatDecoder's `decode` (planar_thumbnailer.h). Of a file that is cut off there are the rows
/// so far.
Result<planar::Decoded> decode_bmp(std::string_view file, const ThumbnailRequest& request);

}  // namespace thumbmill::bmp
