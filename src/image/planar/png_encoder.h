// Encodes finished pictures as PNG: 8 bits, a filter for each row, libdeflate. Nothing but the
// picture: IHDR, IDAT, IEND.
#pragma once

#include <string>

#include "base/status.h"
#include "image/planar/picture.h"

namespace thumbmill::planar {

/// internal when the picture is too large for the format. May throw std::bad_alloc.
Result<std::string> encode_png(const Pixels& pixels);

}  // namespace thumbmill::planar
