// The kernel for icons and cursors (Microsoft's ICONDIR) to planes: the largest image, and of
// several of that size the one with the most colours. An image is a bitmap with a mask, or a PNG,
// which another decoder reads: layers do not include their siblings.
#pragma once

#include "image/planar/rendition_maker.h"

namespace thumbmill::bmp {

/// To be wrapped into a FormatDecoder's `decode` (planar_thumbnailer.h), with a `decode_png` of
/// this kind. The sizes that the directory declares are not used; those of the images are. Of an
/// image that is cut off there are the rows so far.
Result<planar::Decoded> decode_ico(std::string_view file, const ThumbnailRequest& request,
                                   Result<planar::Decoded> (*decode_png)(std::string_view,
                                                                         const ThumbnailRequest&));

}  // namespace thumbmill::bmp
