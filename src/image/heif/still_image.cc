#include "image/heif/still_image.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace thumbmill::heif {
namespace {

Status corrupt(const char* detail) {
  return Status(Code::corrupt_input, "the image cannot be decoded", detail);
}

Status unusual(const char* detail) {
  return Status(Code::unsupported, "an unusual HEIF file", detail);
}

std::optional<Codec> codec_of(const Item& item) {
  if (item.type == fourcc("hvc1")) return Codec::hevc;
  if (item.type == fourcc("av01")) return Codec::av1;
  return std::nullopt;
}

bool is_alpha(std::string_view auxiliary_type) {
  return auxiliary_type == "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha" ||
         auxiliary_type == "urn:mpeg:hevc:2015:auxid:1";
}

// Adds a coded item, which has `properties`; all tiles must be alike.
Status add_tile(const Item& item, const Properties& properties, TiledImage& image) {
  const std::optional<Codec> codec = codec_of(item);
  if (!codec) return unusual("neither HEVC nor AV1");
  const bool first = image.tiles.empty();
  image.tiles.push_back(&item);
  const std::string_view config = *codec == Codec::hevc ? properties.hevc : std::string_view();
  if (*codec == Codec::hevc && config.empty()) return corrupt("no hvcC");
  if (first) {
    image.codec = *codec;
    image.config = config;
    image.tile_size = properties.size;
    return Status();
  }
  const bool alike =
      *codec == image.codec && config == image.config && properties.size == image.tile_size;
  return alike ? Status() : unusual("a grid of unlike tiles");
}

struct GridHeader {
  std::uint32_t columns = 0, rows = 0;
  SizePx size;
};

// ISO/IEC 23008-12 section 6.6.2.3.2.
Result<GridHeader> read_grid(std::string_view body) {
  ByteReader reader(body);
  const std::uint8_t version = reader.u8();
  const std::size_t side_bytes = (reader.u8() & 1) != 0 ? 4 : 2;
  GridHeader grid;
  grid.rows = reader.u8() + 1u;
  grid.columns = reader.u8() + 1u;
  grid.size.width = static_cast<std::uint32_t>(reader.number(side_bytes));
  grid.size.height = static_cast<std::uint32_t>(reader.number(side_bytes));
  if (version != 0) return unusual("a grid of another version");
  if (reader.failed() || grid.size.width == 0 || grid.size.height == 0) return corrupt("a grid");
  if (grid.columns * grid.rows > kMostTiles) return unusual("a grid of too many tiles");
  return grid;
}

// The targets of the item's reference of this type; null without one.
const std::vector<std::uint32_t>* targets_of(const Container& container, const Item& item,
                                             std::uint32_t type) {
  for (const Reference& reference : container.references) {
    if (reference.type == type && reference.from == item.id) return &reference.to;
  }
  return nullptr;
}

// `properties` are the grid's, and get colours of the first tile where they have none.
Result<TiledImage> read_tiles(const Container& container, const Item& item,
                              Properties& properties) {
  std::string joined;
  ASSIGN_OR_RETURN(const std::string_view body, item_bytes(container, item, joined));
  ASSIGN_OR_RETURN(const GridHeader grid, read_grid(body));
  const std::vector<std::uint32_t>* ids = targets_of(container, item, fourcc("dimg"));
  if (ids == nullptr || ids->size() != std::size_t{grid.columns} * grid.rows) {
    return corrupt("a grid without its tiles");
  }
  TiledImage image;
  image.columns = grid.columns;
  image.rows = grid.rows;
  image.grid_size = grid.size;
  for (const std::uint32_t id : *ids) {
    const Item* tile = container.find(id);
    if (tile == nullptr || tile->type == 0) return corrupt("a tile that is not there");
    ASSIGN_OR_RETURN(Properties own, read_properties_of(container, *tile));
    if (!own.transforms.empty()) return unusual("a tile that is turned");
    RETURN_IF_ERROR(add_tile(*tile, own, image));
    if (image.tiles.size() > 1) continue;
    if (!properties.codes) properties.codes = own.codes;
    if (properties.profile.empty()) properties.profile = own.profile;
  }
  return image;
}

Result<TiledImage> read_tiled_image(const Container& container, const Item& item,
                                    Properties& properties) {
  if (item.type == fourcc("grid")) return read_tiles(container, item, properties);
  TiledImage image;
  RETURN_IF_ERROR(add_tile(item, properties, image));
  return image;
}

// Finds the alpha of `item`, if any: an auxiliary picture that refers to it.
Status find_alpha(const Container& container, const Item& item, StillImage& still) {
  for (const Reference& reference : container.references) {
    if (reference.type != fourcc("auxl")) continue;
    if (std::find(reference.to.begin(), reference.to.end(), item.id) == reference.to.end()) {
      continue;
    }
    const Item* auxiliary = container.find(reference.from);
    if (auxiliary == nullptr || auxiliary->type == 0) continue;
    auto properties = read_properties_of(container, *auxiliary);
    // Of another kind (depth, gain map), whatever is in it.
    if (!properties.ok() || !is_alpha(properties->auxiliary_type)) continue;
    ASSIGN_OR_RETURN(still.alpha, read_tiled_image(container, *auxiliary, *properties));
    const auto* multiplied_by = targets_of(container, item, fourcc("prem"));
    still.premultiplied = multiplied_by != nullptr && !multiplied_by->empty() &&
                          multiplied_by->front() == auxiliary->id;
    return Status();
  }
  return Status();
}

}  // namespace

Result<StillImage> describe(const Container& container, const Item& item) {
  StillImage still;
  ASSIGN_OR_RETURN(still.properties, read_properties_of(container, item));
  ASSIGN_OR_RETURN(still.color, read_tiled_image(container, item, still.properties));
  RETURN_IF_ERROR(find_alpha(container, item, still));
  return still;
}

}  // namespace thumbmill::heif
