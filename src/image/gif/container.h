// What a GIF file says about its first frame that has pixels (GIF89a sections 17 to 24). Does not
// decode the pixels. Internal to image/gif; a pure function.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/status.h"
#include "model/rendition.h"

namespace thumbmill::gif {

struct Frame {
  /// What is shown: the logical screen, made larger where the frame reaches out of it, as Chromium
  /// and Firefox do.
  SizePx canvas;
  std::uint32_t left = 0;
  std::uint32_t top = 0;
  SizePx size;  ///< at least 1 x 1, within the canvas
  bool interlaced = false;
  bool has_transparency = false;  ///< an entry of the palette is clear
  /// Red, green, blue and alpha of every index. What no palette names is opaque black, as in
  /// Chromium.
  std::array<std::array<std::uint8_t, 4>, 256> palette{};
  unsigned literal_bits = 0;  ///< the "LZW minimum code size", 1 to 11
  std::string_view data;      ///< sub-blocks, and what is behind them
};

/// The local palette counts, else the global one. corrupt_input: no frame, or its codes cannot be
/// read. Every read is bounded.
Result<Frame> read_first_frame(std::string_view file);

}  // namespace thumbmill::gif
