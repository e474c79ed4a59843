#include "image/heif/embedded_thumbnail.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>

#include "image/planar/box_reduce.h"
#include "image/planar/render.h"
#include "image/planar/resample.h"
#include "image/planar/video_range.h"
#include "image/reduction.h"

namespace thumbmill::heif {
namespace {

using planar::Plane;

constexpr std::size_t kCheckedTiles = 4;
// Fewer would be a large part of the picture.
constexpr std::size_t kFewestTiles = 12;

// The size that the largest rendition scales the picture to, as stored.
SizePx largest_scaled(const OpenStill& picture, const std::vector<RenditionSpec>& specs) {
  SizePx largest;
  for (const RenditionSpec& spec : specs) {
    const SizePx scaled = plan_fit(picture.upright, spec).scaled;
    largest.width = std::max(largest.width, scaled.width);
    largest.height = std::max(largest.height, scaled.height);
  }
  return planar::upright(largest, picture.placement.orientation);
}

bool same_aspect(SizePx copy, SizePx picture) {
  const double width = static_cast<double>(picture.width) * copy.height / picture.height;
  const double height = static_cast<double>(picture.height) * copy.width / picture.width;
  return std::abs(width - copy.width) <= 1 || std::abs(height - copy.height) <= 1;
}

// By what the headers say.
bool fits(const OpenStill& copy, const OpenStill& picture, SizePx wanted) {
  const Properties& own = copy.still.properties;
  const Properties& others = picture.still.properties;
  // A writer may leave the transforms to the picture; the comparison shows whether it did.
  const bool same_turn =
      own.transforms.empty() || copy.placement.orientation == picture.placement.orientation;
  const bool whole = copy.placement.kept == copy.stored && picture.placement.kept == picture.stored;
  const bool same_colors = own.codes == others.codes && own.profile == others.profile;
  const bool single = copy.still.color.tiles.size() == 1 && !copy.still.alpha;
  return same_turn && whole && same_colors && single && same_aspect(copy.stored, picture.stored) &&
         copy.stored.width >= kOversampling * wanted.width &&
         copy.stored.height >= kOversampling * wanted.height;
}

// Part of a side of the picture, 0 to 1, and as how many samples it is compared.
struct Span {
  double first = 0, last = 1;
  std::size_t samples = 0;
};

Span span_of(std::uint32_t tile, std::uint32_t tile_side, std::uint32_t whole,
             std::uint32_t wanted) {
  Span span;
  span.first = static_cast<double>(tile) * tile_side / whole;
  span.last = static_cast<double>(tile + 1) * tile_side / whole;
  span.samples = static_cast<std::size_t>((span.last - span.first) * wanted);
  return span;
}

planar::Taps taps_for(const Span& span, double extent, std::size_t in) {
  planar::Axis axis;
  axis.in = in;
  axis.out = span.samples;
  axis.offset = span.first * extent;
  axis.step = (span.last - span.first) * extent / static_cast<double>(span.samples);
  return planar::make_taps(axis, planar::Filter::lanczos3);
}

Plane part_of(const Plane& plane, const Span& across, const Span& down) {
  return planar::resample(plane, taps_for(across, plane.extent_x, plane.width),
                          taps_for(down, plane.extent_y, plane.height));
}

// The mean of squares that a likeness of kLeastLikeness has.
double most_difference() { return 255.0 * 255.0 / std::pow(10, kLeastLikeness / 10); }

// Sum of squares, and of how many samples. Without the outermost ones, in which neighbours of the
// tile have a part.
struct Difference {
  double squares = 0;
  double samples = 0;

  void add(const Plane& a, const Plane& b) {
    constexpr std::size_t kMargin = 2;
    for (std::size_t y = kMargin; y + kMargin < a.height; ++y) {
      for (std::size_t x = kMargin; x + kMargin < a.width; ++x) {
        const double difference = double(a.row(y)[x]) - b.row(y)[x];
        squares += difference * difference;
        samples += 1;
      }
    }
  }

  // Of nothing it is more than anything.
  double mean() const { return samples > 0 ? squares / samples : HUGE_VAL; }
};

// One tile of the picture as a picture of its own, reduced as the whole would be.
Result<planar::Decoded> decode_one_tile(const Container& container, const OpenStill& picture,
                                        std::uint32_t column, std::uint32_t row) {
  OpenStill tile = picture;
  TiledImage& image = tile.still.color;
  image.tiles = {image.tiles[std::size_t{row} * image.columns + column]};
  image.columns = image.rows = 1;
  image.grid_size.reset();
  tile.stored = tile.upright = tile.placement.kept = picture.format.size;
  tile.placement.orientation = 1;
  return decode_still(container, tile, 1, BlockEdges::smooth);
}

// Luma in all levels: what is compared. Of red, green and blue it is green.
Plane luma_of(const planar::Picture& picture) {
  Plane plane = picture.planes[picture.model == planar::ColorModel::rgb ? 1 : 0];
  if (picture.video_range) to_full_range(plane.samples, planar::SampleKind::luma);
  return plane;
}

bool looks_like(const planar::Picture& copy, const Container& container, const OpenStill& picture,
                SizePx wanted) {
  const TiledImage& image = picture.still.color;
  const Plane copied = luma_of(copy);
  Difference difference;
  for (std::uint32_t i = 1; i <= kCheckedTiles; ++i) {
    // On the diagonal. The last column and row may hang over the edge.
    const std::uint32_t column = (image.columns - 1) * i / (kCheckedTiles + 1);
    const std::uint32_t row = (image.rows - 1) * i / (kCheckedTiles + 1);
    const SizePx side = picture.format.size;
    const Span across = span_of(column, side.width, picture.stored.width, wanted.width);
    const Span down = span_of(row, side.height, picture.stored.height, wanted.height);
    if (across.samples == 0 || down.samples == 0) continue;
    const auto tile = decode_one_tile(container, picture, column, row);
    if (!tile.ok()) return false;
    const Span whole_x{0, 1, across.samples}, whole_y{0, 1, down.samples};
    difference.add(part_of(luma_of(tile->picture), whole_x, whole_y),
                   part_of(copied, across, down));
    // Far from it: other tiles would not make up for that.
    constexpr double kFar = 4;
    if (difference.samples > 0 && difference.mean() > kFar * most_difference()) return false;
  }
  return difference.mean() <= most_difference();
}

// The first copy that fits by its headers. Files have one; more than a few are not looked at.
std::optional<OpenStill> find_copy(const Container& container, const OpenStill& picture,
                                   const ImageLimits& limits, SizePx wanted) {
  int left = 4;
  for (const Reference& reference : container.references) {
    const auto& to = reference.to;
    if (reference.type != fourcc("thmb") ||
        std::find(to.begin(), to.end(), container.primary) == to.end()) {
      continue;
    }
    if (left-- == 0) break;
    const Item* const item = container.find(reference.from);
    if (item == nullptr || item->type == 0) continue;
    auto copy = open_still(container, *item, limits);
    if (copy.ok() && fits(*copy, picture, wanted)) return std::move(copy).value();
  }
  return std::nullopt;
}

}  // namespace

std::optional<planar::Decoded> decode_embedded_thumbnail(const Container& container,
                                                         const OpenStill& picture,
                                                         const ThumbnailRequest& request,
                                                         std::uint64_t most_bytes) {
  if (picture.still.color.tiles.size() < kFewestTiles || picture.still.alpha) return std::nullopt;
  const SizePx wanted = largest_scaled(picture, request.renditions);
  const auto copy = find_copy(container, picture, request.limits, wanted);
  if (!copy) return std::nullopt;
  const auto side =
      static_cast<std::size_t>(std::min(copy->stored.width / (kOversampling * wanted.width),
                                        copy->stored.height / (kOversampling * wanted.height)));
  // Besides the copy there is a tile, at full size.
  const std::uint64_t tile =
      std::uint64_t{picture.format.coded.width} * picture.format.coded.height;
  constexpr std::uint64_t kTileBytes = 12;
  if (decoding_memory(*copy, side) + tile * kTileBytes > most_bytes) return std::nullopt;
  auto decoded =
      decode_still(container, *copy, side, side >= 2 ? BlockEdges::leave : BlockEdges::smooth);
  if (!decoded.ok() || !looks_like(decoded->picture, container, picture, wanted)) {
    return std::nullopt;
  }
  decoded->picture.orientation = picture.placement.orientation;
  decoded->size = picture.upright;
  return std::move(decoded).value();
}

}  // namespace thumbmill::heif
