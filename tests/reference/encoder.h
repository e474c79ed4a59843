// Encodes a finished picture. Internal to tests/reference.
#pragma once

#include <string>

#include "model/image_format.h"
#include "reference/vips_image.h"

namespace thumbmill {

/// The file of an 8-bit sRGB picture, without metadata or profile. `quality` is 1 to 100.
/// unsupported for a format that cannot be written, internal when the encoder fails.
Result<std::string> encode_image(VipsImage* image, ImageFormat format, int quality);

}  // namespace thumbmill
