// The PNG kernel: a file to planes, in boxes of pixels where the picture becomes much smaller.
//
// It leaves to others, by unsupported or corrupt_input: interlaced, animated, unusual and damaged
// files, whose verdict is libvips'.
#pragma once

#include "image/planar/rendition_maker.h"

namespace thumbmill {

/// A FormatDecoder's `decode` (planar_thumbnailer.h).
Result<planar::Decoded> decode_png(std::string_view file, const ThumbnailRequest& request);

}  // namespace thumbmill
