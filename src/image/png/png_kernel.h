// The PNG kernel: a file to planes, in boxes of pixels where the picture becomes much smaller, and
// what the file says of its colours and of which way up it is.
//
// It is the only reader of PNG, and its verdicts are final: what a browser shows of a file, whole
// or in part, it takes, and refuses the rest (docs/png-kernel.md). Of an animation it takes the
// still picture that every PNG has, as readers do that know nothing of animations.
#pragma once

#include "image/planar/rendition_maker.h"

namespace thumbmill {

/// A FormatDecoder's `decode` (planar_thumbnailer.h).
Result<planar::Decoded> decode_png(std::string_view file, const ThumbnailRequest& request);

}  // namespace thumbmill
