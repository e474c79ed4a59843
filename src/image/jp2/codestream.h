// The headers of a JPEG 2000 codestream (ISO/IEC 15444-1 annex A), of the picture and of all tile
// parts, read before a decoder sees them: what limits are checked against, and what decoding will
// take. Reads no pixels.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace thumbmill::jp2 {

/// The most components that are read: CMYK and four more.
inline constexpr std::size_t kMostComponents = 8;
/// Each tile takes some 10 KB, whatever its size: without this a small file could take gigabytes.
inline constexpr std::uint64_t kMostTiles = 16384;

/// Of the SIZ marker, A.5.1.
struct Component {
  std::uint32_t bits = 8;  ///< 1 to 31
  bool is_signed = false;
  std::uint32_t dx = 1;  ///< a sample for each dx x dy points of the reference grid; at least 1
  std::uint32_t dy = 1;
};

/// The values are in their ranges: see read_codestream().
struct Codestream {
  std::uint32_t left = 0, top = 0, right = 0,
                bottom = 0;  ///< of the picture, on the reference grid
  std::uint32_t tile_width = 0, tile_height = 0;
  std::uint64_t tiles = 1;
  std::vector<Component> components;
  std::uint32_t levels = 0;  ///< by how many times two each component can be reduced: COD and COC
  /// Code blocks and precincts of all bands of one component of a tile, where there are most (B.6,
  /// B.7).
  std::uint64_t blocks = 0, precincts = 0;

  /// The least dx and dy of all components: a picture's pixels are as close as its closest samples.
  std::uint32_t pixel_width() const;
  std::uint32_t pixel_height() const;
  /// In pixels.
  std::uint32_t width() const;
  std::uint32_t height() const;
};

/// From SOC to the last tile part. corrupt_input: the main header cannot be followed, its sizes
/// make no sense, or a tile part ends behind the file. unsupported: more components, deeper ones,
/// or markers that are not known. too_large: over kMostTiles. A tile part that cannot be followed
/// is the last one that is read.
Result<Codestream> read_codestream(std::string_view codestream);

}  // namespace thumbmill::jp2
