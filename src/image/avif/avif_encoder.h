// Encodes finished pictures as AVIF, by libheif and its AV1 encoder (libaom). Nothing but the
// picture: no metadata; colours are named as sRGB's.
//
// The time that AV1 takes has no useful bound at libaom's slower speeds, so the speed follows the
// size of the picture: docs/formats.md has the speeds.
#pragma once

#include <string>

#include "base/status.h"
#include "image/planar/encoder.h"

namespace thumbmill {

/// The row of AVIF for a PlanarThumbnailer.
planar::FormatEncoder avif_encoder();

/// Loads libheif's encoder: for processes that will be confined, since it lies in a file of its
/// own. unavailable when there is none.
Status load_avif_encoder();

}  // namespace thumbmill
