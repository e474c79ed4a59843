// The parts of a PNG file that its pixels are made of. Takes every file of which something can be
// shown, as browsers do: docs/png-kernel.md has the rules, chunk by chunk. Does not inflate image
// data. Internal to image/png; pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "image/png/color_chunks.h"

namespace thumbmill {

/// PNG 3rd edition 11.2.1, table 12.
enum class PngColor : std::uint8_t {
  grey = 0,
  rgb = 2,
  palette = 3,
  grey_alpha = 4,
  rgb_alpha = 6,
};

/// The image header, in ranges that PNG 3rd edition 11.2.1 allows.
struct PngHeader {
  std::uint32_t width_px = 0;   ///< 1 to 2^31 - 1
  std::uint32_t height_px = 0;  ///< 1 to 2^31 - 1
  std::uint8_t depth_bits = 0;  ///< of a sample, or of a palette index
  PngColor color = PngColor::grey;
  bool interlaced = false;  ///< Adam7 (8.1)

  /// Samples of a pixel as stored; 1 for a palette.
  std::size_t channels() const;
  /// Bytes of a row of `pixels` pixels, without the byte that names its filter (9.2).
  std::size_t row_bytes(std::size_t pixels) const;
  std::size_t row_bytes() const { return row_bytes(width_px); }
  /// Whole bytes of a pixel, at least 1: how far to the left a filter looks (9.2).
  std::size_t filter_pixel_bytes() const;
  /// Bytes that the image data inflates to (7.2), of all passes. For sizes within limits: a few
  /// times 2^63 would not fit.
  std::uint64_t raw_bytes() const;
};

/// One of the pictures that an interlaced one is stored as (PNG 3rd edition 8.1): every `step_x`th
/// pixel from `first_x` on, of every `step_y`th row from `first_y` on.
struct Adam7Pass {
  std::size_t first_x, first_y, step_x, step_y;
  /// The part of the picture that a pixel stands for until later passes are there.
  std::size_t block_width, block_height;

  /// Columns; 0 where the picture is too narrow for the pass.
  std::size_t width(const PngHeader& header) const {
    return (header.width_px + step_x - 1 - first_x) / step_x;
  }
  /// Rows; 0 where the picture is too narrow or too low.
  std::size_t height(const PngHeader& header) const {
    return width(header) == 0 ? 0 : (header.height_px + step_y - 1 - first_y) / step_y;
  }
};

inline constexpr std::array<Adam7Pass, 7> kAdam7{{{0, 0, 8, 8, 8, 8},
                                                  {4, 0, 8, 8, 4, 8},
                                                  {0, 4, 4, 8, 4, 4},
                                                  {2, 0, 4, 4, 2, 4},
                                                  {0, 2, 2, 4, 2, 2},
                                                  {1, 0, 2, 2, 1, 2},
                                                  {0, 1, 1, 2, 1, 1}}};

/// A file taken apart. Views borrow the file.
struct PngParts {
  PngHeader header;
  std::string_view palette;       ///< PLTE, of a palette picture only: whole entries, 3 bytes
                                  ///< each, 1 to 2^depth of them
  std::string_view transparency;  ///< tRNS: 1 to 256 bytes for a palette; else 2 bytes for grey
                                  ///< and 6 for rgb; empty: none
  PngColorChunks colors;          ///< what the file says of its colours
  std::string_view exif;          ///< eXIf in front of the image data: a TIFF structure
  std::vector<std::string_view> data;  ///< IDAT, in order: together one zlib stream; none is empty
};

/// Walks the chunks up to IEND, to the end of the file, or to where image data was followed by
/// something that makes no sense. Allocates a few bytes a chunk.
///
/// corrupt_input: no PNG, a faulty header, no image data, a palette picture without a palette.
/// unsupported: Apple's CgBI, a method that the standard reserves, a critical chunk in front of the
/// image data that is not known.
Result<PngParts> take_png_apart(std::string_view file);

}  // namespace thumbmill
