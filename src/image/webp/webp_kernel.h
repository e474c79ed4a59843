// The WebP kernel: a still picture to planes.
//
// It leaves to others, by unsupported, animations; by corrupt_input all that is damaged or cut off,
// whose verdict is libvips'.
#pragma once

#include "image/planar/rendition_maker.h"

namespace thumbmill::webp {

/// A FormatDecoder's `decode` (planar_thumbnailer.h).
Result<planar::Decoded> decode_webp(std::string_view file, const ThumbnailRequest& request);

}  // namespace thumbmill::webp
