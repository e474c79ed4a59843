#include "image/png/reader.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "image/planar/box_reduce.h"
#include "image/png/interlaced.h"
#include "image/png/rows.h"

namespace thumbmill {
namespace {

using planar::BoxGrid;
using planar::BoxReducer;
using planar::kMostBoxSide;
using planar::Picture;
using planar::Plane;

constexpr std::size_t kBehind = 16;  // readable bytes behind a row (BoxReducer::add)

// Gives `reducer` all rows that there are; how many.
std::size_t add_rows(const PngParts& parts, PngRows& rows, BoxReducer& reducer) {
  const PngHeader& header = parts.header;
  if (!header.interlaced) {
    return for_each_png_row(parts, rows, header.width_px, header.height_px,
                            [&](std::size_t, const void* samples) { reducer.add(samples); });
  }
  const PngInterlaced picture(parts, rows);
  for (std::size_t y = 0; y < picture.known_rows(); ++y) reducer.add(picture.row(y));
  return picture.known_rows();
}

// Makes the rows of an opaque picture clear from row `known` on, which were added as zeros: so the
// mean of a box that has some of both is already that of colours multiplied by alpha.
void clear_behind(std::size_t known, std::size_t height_px, std::size_t side, Picture& picture) {
  const auto column = planar::make_box_reducer(1, height_px, 1, false, false, side);
  std::vector<std::uint8_t> pixel(1 + kBehind);
  for (std::size_t y = 0; y < height_px; ++y) {
    pixel[0] = y < known ? 255 : 0;
    column->add(pixel.data());
  }
  const Picture levels = column->take();
  Plane alpha = picture.planes.front();
  for (std::size_t y = 0; y < alpha.height; ++y) {
    std::fill_n(alpha.row(y), alpha.width, levels.planes.front().row(y)[0]);
  }
  picture.planes.push_back(std::move(alpha));
  picture.has_alpha = true;
}

}  // namespace

std::optional<Picture> read_png(const PngParts& parts, std::size_t side,
                                const planar::RowConversion* conversion,
                                std::uint64_t whole_bytes) {
  const PngHeader& header = parts.header;
  const std::size_t box = std::min(side, kMostBoxSide);
  const PngSampleShape shape = png_sample_shape(parts);
  PngRows rows(parts, whole_bytes);
  const auto reducer = planar::make_box_reducer(header.width_px, header.height_px, shape.channels,
                                                shape.has_alpha, shape.wide, box, conversion);
  const std::size_t known = add_rows(parts, rows, *reducer);
  if (known == 0) return std::nullopt;
  if (known == header.height_px) return reducer->take();
  const std::vector<std::uint8_t> clear(header.width_px * shape.pixel_bytes() + kBehind);
  for (std::size_t y = known; y < header.height_px; ++y) reducer->add(clear.data());
  Picture picture = reducer->take();
  if (!shape.has_alpha) clear_behind(known, header.height_px, box, picture);
  return picture;
}

std::uint64_t png_memory(const PngParts& parts, std::size_t side) {
  constexpr std::uint64_t kRows = 64;  // a band, unfiltered and as samples, sums and means of boxes
  constexpr std::uint64_t kBytesPerPixel = 8;
  const PngHeader& header = parts.header;
  const BoxGrid across(header.width_px, std::min(side, kMostBoxSide));
  const BoxGrid down(header.height_px, std::min(side, kMostBoxSide));
  // More planes: the alpha of a picture that is cut off, and the colours of a grey one.
  const std::uint64_t planes =
      across.count() * down.count() * (png_sample_shape(parts).channels + 3);
  std::uint64_t bytes = std::min(header.raw_bytes(), kPngWholeBytes) +
                        header.width_px * kRows * kBytesPerPixel + planes;
  if (header.interlaced) bytes += PngInterlaced::memory(parts);
  // The compressed data in one piece.
  if (parts.data.size() > 1) {
    for (const std::string_view piece : parts.data) bytes += piece.size();
  }
  return bytes;
}

}  // namespace thumbmill
