// The JPEG 2000 kernel: a JP2 file or a codestream alone to planes, of which only the resolution
// levels are decoded that the renditions need.
//
// Reads grey, RGB, sYCC and CMYK of 1 to 31 bits, with palettes, subsampling and alpha; not Lab and
// what else JPX (ISO/IEC 15444-2) has. It has no orientation: JP2 does not know any.
#pragma once

#include "image/planar/rendition_maker.h"

namespace thumbmill::jp2 {

/// A FormatDecoder's `decode` (planar_thumbnailer.h).
Result<planar::Decoded> decode_jp2(std::string_view file, const ThumbnailRequest& request);

}  // namespace thumbmill::jp2
