// What a WebP file says besides its pixels (RFC 9649 section 2), by libwebpdemux, as in Chromium:
// the canvas, and its only or first frame. Does not decode pixels.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "model/rendition.h"

namespace thumbmill::webp {

struct Container {
  SizePx canvas;  ///< as stored
  /// Where the frame lies: all of the canvas, but for animations.
  std::uint32_t left = 0;
  std::uint32_t top = 0;
  SizePx frame;  ///< at least 1 x 1, within the canvas
  bool lossless = false;
  bool has_alpha = false;   ///< the frame's pixels
  bool complete = true;     ///< the frame's data is all there
  int orientation = 1;      ///< of its EXIF, 1 to 8; 1 without
  std::string profile;      ///< ICC; empty without
  std::string_view pixels;  ///< the frame's chunks of pixels (section 2.7), or their beginning

  bool is_covered() const { return frame == canvas; }
};

/// A file that is whole, or cut off behind the frame's header. corrupt_input: damaged. Every read
/// is bounded.
Result<Container> read_container(std::string_view file);

}  // namespace thumbmill::webp
