// Encodes finished pictures in any format that is written here: JPEG, WebP and PNG. The parameters
// are those of image/vips, so that it does not matter which kernel a job gets.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "image/planar/picture.h"
#include "model/image_format.h"

namespace thumbmill::planar {

/// Whether `format` is written here.
bool can_encode(ImageFormat format);

/// Whether `format` stores luma and chroma, so that encode_planes() takes it.
bool stores_planes(ImageFormat format);

/// How much smaller than luma chroma is stored, in both directions.
std::uint32_t chroma_divisor_of(ImageFormat format, int quality);

/// Planes as they are: grey, or ycbcr with chroma divided by chroma_divisor_of() and rounded up.
/// `quality` is 1 to 100. internal when the encoder fails.
Result<std::string> encode_planes(const Picture& picture, ImageFormat format, int quality);

/// Pixels; alpha is for WebP and PNG only. As above; `quality` is of no effect on PNG.
Result<std::string> encode_pixels(const Pixels& pixels, ImageFormat format, int quality);

}  // namespace thumbmill::planar
