#include "image/heif/still_decoder.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "image/heif/picture_builder.h"
#include "image/heif/tile_rows.h"
#include "image/limit_checks.h"
#include "image/planar/color_space.h"
#include "image/planar/hdr_to_srgb.h"
#include "image/planar/render.h"

namespace thumbmill::heif {
namespace {

Status corrupt(const char* detail) {
  return Status(Code::corrupt_input, "the image cannot be decoded", detail);
}

Status unusual(const char* detail) {
  return Status(Code::unsupported, "an unusual HEIF file", detail);
}

// Some encoders pad pictures to whole blocks, and declare the size without the padding.
constexpr std::uint32_t kMostPadding = 64;

std::uint32_t without_padding(std::uint32_t coded, std::uint32_t declared) {
  return declared > 0 && declared < coded && coded - declared < kMostPadding ? declared : coded;
}

// What the tiles show. The coded size counts; the declared one only cuts padding off.
Result<SizePx> stored_size(const TiledImage& image, const CodedFormat& format) {
  const SizePx tile = format.size;
  if (!image.grid_size) {
    const SizePx declared = image.tile_size.value_or(tile);
    return SizePx{without_padding(tile.width, declared.width),
                  without_padding(tile.height, declared.height)};
  }
  const SizePx grid = *image.grid_size;
  const auto covers = [](std::uint64_t side, std::uint64_t tile_side, std::uint64_t count) {
    return side <= tile_side * count && side > tile_side * (count - 1);
  };
  if (!covers(grid.width, tile.width, image.columns) ||
      !covers(grid.height, tile.height, image.rows)) {
    return corrupt("a grid that its tiles do not fill");
  }
  // Otherwise chroma samples would belong to two tiles.
  if ((image.columns > 1 && tile.width % format.chroma.divisor_x != 0) ||
      (image.rows > 1 && tile.height % format.chroma.divisor_y != 0)) {
    return unusual("tiles with odd sides");
  }
  return grid;
}

Status check_sizes(const TiledImage& image, const CodedFormat& format, const ImageLimits& limits) {
  if (image.grid_size) {
    RETURN_IF_ERROR(check_size(image.grid_size->width, image.grid_size->height, limits));
  }
  if (image.tile_size) {
    RETURN_IF_ERROR(check_size(image.tile_size->width, image.tile_size->height, limits));
  }
  return check_size(format.coded.width, format.coded.height, limits);
}

bool same_tiles(const TiledImage& a, const CodedFormat& a_format, const TiledImage& b,
                const CodedFormat& b_format) {
  return a.columns == b.columns && a.rows == b.rows && a_format.size == b_format.size;
}

planar::Cicp cicp_of(const ColorCodes& codes) {
  const auto byte = [](std::uint16_t code) {
    return static_cast<std::uint8_t>(code > 255 ? ColorCodes::kUnspecified : code);
  };
  return {byte(codes.primaries), byte(codes.transfer)};
}

// Rows of colours, and of alpha if there is any, side by side.
class Rows {
 public:
  Rows(const Container& container, const OpenStill& open, BlockEdges edges)
      : color_(container, open.still.color, open.format, edges) {
    if (open.alpha_format) {
      alpha_.emplace(container, *open.still.alpha, *open.alpha_format, edges);
    }
  }

  // The views are valid up to the next call.
  Status next() {
    ASSIGN_OR_RETURN(samples_, color_.next());
    if (!alpha_) return Status();
    ASSIGN_OR_RETURN(const DecodedSamples alpha, alpha_->next());
    alpha_view_ = alpha.planes[0];
    return Status();
  }

  const DecodedSamples& color() const { return samples_; }
  const SampleView* alpha() const { return alpha_ ? &alpha_view_ : nullptr; }

 private:
  TileRows color_;
  std::optional<TileRows> alpha_;
  DecodedSamples samples_;
  SampleView alpha_view_;
};

}  // namespace

Result<OpenStill> open_still(const Container& container, const Item& item,
                             const ImageLimits& limits) {
  OpenStill open;
  ASSIGN_OR_RETURN(open.still, describe(container, item));
  const TiledImage& color = open.still.color;
  ASSIGN_OR_RETURN(open.format, read_tile_format(container, color));
  RETURN_IF_ERROR(check_sizes(color, open.format, limits));
  ASSIGN_OR_RETURN(open.stored, stored_size(color, open.format));
  if (open.still.alpha) {
    ASSIGN_OR_RETURN(open.alpha_format, read_tile_format(container, *open.still.alpha));
    RETURN_IF_ERROR(check_sizes(*open.still.alpha, *open.alpha_format, limits));
    if (!same_tiles(color, open.format, *open.still.alpha, *open.alpha_format)) {
      return unusual("alpha of another size");
    }
  }
  ASSIGN_OR_RETURN(open.placement, place(open.still.properties, open.stored));
  open.upright = planar::upright(open.placement.kept, open.placement.orientation);
  return open;
}

std::uint64_t decoding_memory(const OpenStill& open, std::size_t side) {
  std::uint64_t bytes = tile_rows_memory(open.still.color, open.format);
  if (open.alpha_format) bytes += tile_rows_memory(*open.still.alpha, *open.alpha_format);
  const std::uint64_t planes = open.alpha_format ? 4 : 3;
  const std::uint64_t width = (open.placement.kept.width + side - 1) / side;
  const std::uint64_t height = (open.placement.kept.height + side - 1) / side;
  return bytes + width * height * planes;
}

Result<planar::Decoded> decode_still(const Container& container, const OpenStill& open,
                                     std::size_t side, BlockEdges edges) {
  Rows rows(container, open, edges);
  RETURN_IF_ERROR(rows.next());
  const Properties& properties = open.still.properties;
  BuildPlan plan;
  plan.chroma = open.format.chroma;
  plan.bits = open.format.bits;
  plan.codes = properties.codes.value_or(rows.color().codes);
  plan.stored = open.stored;
  plan.placement = open.placement;
  plan.side = side;
  if (open.alpha_format) plan.alpha_bits = open.alpha_format->bits;
  plan.premultiplied = open.still.premultiplied;
  planar::Decoded decoded;
  decoded.size = open.upright;
  // A profile says more than numbers; they still tell luma from chroma (MIAF section 7.3.6.4).
  decoded.profile = properties.profile;
  const planar::Cicp cicp = cicp_of(plan.codes);
  std::optional<planar::HdrToSrgb> conversion;
  if (decoded.profile.empty() && planar::is_hdr(cicp)) {
    plan.conversion = &conversion.emplace(cicp, properties.peak.value_or(planar::kUsualPeak));
  } else if (decoded.profile.empty()) {
    decoded.profile = planar::profile_of(cicp);
    plan.as_rgb = !decoded.profile.empty();
  }
  ASSIGN_OR_RETURN(const auto builder, make_picture_builder(plan));
  for (std::uint32_t row = 0;; ++row) {
    builder->add(rows.color().planes, rows.alpha(), open.format.size.height);
    if (row + 1 == open.still.color.rows) break;
    RETURN_IF_ERROR(rows.next());
  }
  decoded.picture = builder->take();
  return decoded;
}

}  // namespace thumbmill::heif
