// Opens an image with exactly the loader of its format, checks its header against the limits, and
// decodes it no larger than needed. Internal to tests/reference.
#pragma once

#include <string_view>

#include "image/thumbnailer.h"
#include "reference/vips_image.h"

namespace thumbmill {

/// A source whose header was read and found within the limits; pixels come when they are asked for.
struct OpenImage {
  VipsImagePtr image;     ///< possibly reduced by the decoder; not yet upright
  SizePx full_size;       ///< upright, before any reduction
  bool sideways = false;  ///< orientation 5 to 8: width and height change places
};

/// `bytes` outlives the image. unsupported, too_large,
/// corrupt_input.
Result<OpenImage> open_image(std::string_view bytes, const ThumbnailRequest& request);

/// Forbids every loader of libvips but those open_image() uses. Once a process.
void allow_known_loaders_only();

}  // namespace thumbmill
