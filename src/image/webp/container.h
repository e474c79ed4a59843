// What a WebP file says besides its pixels (RFC 9649 section 2), by libwebpdemux: libvips asks it,
// too, so that both see the same file.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "model/rendition.h"

namespace thumbmill::webp {

struct Container {
  SizePx size;  ///< as stored
  bool lossless = false;
  bool has_alpha = false;
  int orientation = 1;  ///< of its EXIF, 1 to 8; 1 without
  std::string profile;  ///< ICC; empty without
};

/// A whole file with one picture. unsupported: an animation. corrupt_input: damaged or cut off, be
/// it behind the picture. Every read is bounded.
Result<Container> read_container(std::string_view file);

}  // namespace thumbmill::webp
