// The GIF kernel: the first frame on its canvas, to planes.
//
// What the frame does not cover is clear, as in browsers: the background colour is not used. Later
// frames, comments and colour profiles, which browsers do not read from GIFs, are not looked at.
#pragma once

#include "image/planar/rendition_maker.h"

namespace thumbmill::gif {

/// A FormatDecoder's `decode` (planar_thumbnailer.h). Of a frame whose data ends early there are
/// the rows so far.
Result<planar::Decoded> decode_gif(std::string_view file, const ThumbnailRequest& request);

}  // namespace thumbmill::gif
