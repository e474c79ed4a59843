// The parts of a PNG file that its pixels are made of. Takes plain, faultless files only: whatever
// is out of the ordinary is left to libvips' loader, whose verdict then counts. Does not inflate
// image data. Internal to image/png; pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thumbmill {

/// PNG 3rd edition 11.2.1, table 12.
enum class PngColor : std::uint8_t {
  grey = 0,
  rgb = 2,
  palette = 3,
  grey_alpha = 4,
  rgb_alpha = 6,
};

/// The image header, in ranges that PNG 3rd edition 11.2.1 allows. Never interlaced.
struct PngHeader {
  std::uint32_t width_px = 0;   ///< at least 1
  std::uint32_t height_px = 0;  ///< at least 1
  std::uint8_t depth_bits = 0;  ///< of a sample, or of a palette index
  PngColor color = PngColor::grey;

  /// Samples of a pixel as stored; 1 for a palette.
  std::size_t channels() const;
  /// Bytes of a row, without the byte that names its filter (9.2).
  std::size_t row_bytes() const;
  /// Whole bytes of a pixel, at least 1: how far to the left a filter looks (9.2).
  std::size_t filter_pixel_bytes() const;
  /// Bytes that the image data inflates to (7.2).
  std::uint64_t raw_bytes() const { return std::uint64_t{height_px} * (row_bytes() + 1); }
};

/// A file taken apart. Views borrow the file.
struct PngParts {
  PngHeader header;
  std::string_view palette;            ///< PLTE: 3 bytes an entry
  std::string_view transparency;       ///< tRNS as 11.3.1.1 has it for the colour; empty: none
  std::string_view profile;            ///< iCCP: a name and a compressed profile; empty: none
  std::string_view exif;               ///< eXIf: a TIFF structure; empty: none
  std::vector<std::string_view> data;  ///< IDAT, in order: together one zlib stream
};

/// Walks all chunks up to IEND and checks lengths, order and CRCs. Nothing for a file that is
/// damaged, interlaced, animated, or has a critical chunk that is not known. Allocates a few bytes
/// a chunk. Bytes behind IEND are not looked at, as in libpng.
std::optional<PngParts> take_png_apart(std::string_view file);

/// The ICC profile (11.3.2.3). Empty when there is none, or it cannot be inflated to 4 MiB at most.
std::string png_profile(const PngParts& parts);

}  // namespace thumbmill
