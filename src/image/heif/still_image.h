// What a HEIF item shows: which coded pictures it is made of, how they are put together, which
// alpha belongs to it. Follows references one step deep and no further: a grid of grids, and all
// other derived pictures, are left to others.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "image/heif/container.h"
#include "image/heif/properties.h"
#include "model/rendition.h"

namespace thumbmill::heif {

enum class Codec { hevc, av1 };

/// Coded pictures side by side, all of the same size: a grid (ISO/IEC 23008-12 section 6.6.2.3), or
/// a single one. Borrows the container.
struct TiledImage {
  Codec codec = Codec::hevc;
  std::string_view config;  ///< hvcC of an hevc picture
  std::uint32_t columns = 1;
  std::uint32_t rows = 1;
  std::vector<const Item*> tiles;   ///< columns x rows, row by row
  std::optional<SizePx> tile_size;  ///< as declared, of each
  std::optional<SizePx> grid_size;  ///< of a grid: what of the tiles is shown
};

struct StillImage {
  TiledImage color;
  Properties properties;  ///< of the item; codes and profile of its first tile where it has none
  std::optional<TiledImage> alpha;
  bool premultiplied = false;  ///< colours were multiplied by alpha
};

inline constexpr std::size_t kMostTiles = 4096;

/// unsupported: another kind of picture. corrupt_input: its parts contradict each other.
Result<StillImage> describe(const Container& container, const Item& item);

}  // namespace thumbmill::heif
