// The header of a Targa file, and what the extension area says of its alpha (Truevision TGA file
// format specification 2.0). Does not read pixels. Internal to image/tga; a pure function.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/status.h"
#include "model/rendition.h"

namespace thumbmill::tga {

enum class Color { indexed, rgb, grey };

/// How the fourth part of a pixel is to be understood.
enum class Alpha { none, straight, premultiplied };

struct Header {
  SizePx size;  ///< at least 1 x 1
  Color color = Color::rgb;
  bool run_lengths = false;
  unsigned bits = 24;  ///< of a pixel: 8 or 16 of indices and greys, 15 to 32 of colours
  Alpha alpha = Alpha::none;
  int orientation = 1;            ///< EXIF 2.3, tag 274: by the corner of the first pixel
  std::string_view palette;       ///< as far as it is there
  unsigned palette_bits = 0;      ///< of an entry: 15, 16, 24 or 32
  std::uint32_t first_index = 0;  ///< of the palette's first entry
  std::string_view data;          ///< pixels, and what is behind them

  std::size_t pixel_bytes() const { return (bits + 7) / 8; }
};

/// corrupt_input: not such a header. unsupported: interleaved rows. Every read is bounded.
Result<Header> read_header(std::string_view file);

}  // namespace thumbmill::tga
