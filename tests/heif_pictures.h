// HEIC and AVIF files for tests, written by libheif: libvips 8.14 cannot write them with a libheif
// of 1.18 or later.
#pragma once

#include <string>

#include <vips/vips.h>

namespace thumbmill {

/// The file of `image`. `suffix` is ".heic" or ".avif" with options as libvips' file name suffixes
/// have them, of which Q, lossless and bitdepth (8 or 10) are known. An ICC profile is kept. An
/// orientation becomes the container's (irot and imir). Ends the process when it cannot.
std::string write_heif(VipsImage* image, const std::string& suffix);

}  // namespace thumbmill
