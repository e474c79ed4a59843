// The WebP kernel: a still picture, or the first frame of an animation on its canvas, to planes.
// What no pixel covers is clear; the canvas' background colour is not used, as in browsers.
#pragma once

#include "image/planar/rendition_maker.h"

namespace thumbmill::webp {

/// A FormatDecoder's `decode` (planar_thumbnailer.h). Of a file that is cut off there are the rows
/// so far.
Result<planar::Decoded> decode_webp(std::string_view file, const ThumbnailRequest& request);

}  // namespace thumbmill::webp
