// Encodes finished pictures as JPEG XL, by libjxl: a codestream alone, without a container,
// metadata or profile; colours are named as sRGB's. The same pixels give the same bytes.
#pragma once

#include "image/planar/encoder.h"

namespace thumbmill::jxl {

/// The row of JPEG XL for a PlanarThumbnailer. Quality 100 is without loss.
planar::FormatEncoder jxl_encoder();

/// The Butteraugli distance of a quality, 1 to 100: 0 for 100, 1 for 90, 23.9 for 1. It is
/// JxlEncoderDistanceFromQuality() of libjxl 0.9 and later (lib/jxl/encode.cc), which 0.7 lacks.
float distance_of(int quality);

}  // namespace thumbmill::jxl
