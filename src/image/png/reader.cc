#include "image/png/reader.h"

#include <algorithm>

#include "image/planar/box_reduce.h"
#include "image/png/filter.h"
#include "image/png/samples.h"

namespace thumbmill {

using planar::BoxGrid;
using planar::kMostBoxSide;

std::optional<planar::Picture> read_png(const PngParts& parts, std::size_t side,
                                        std::uint64_t whole_bytes) {
  const PngHeader& header = parts.header;
  PngRows rows(parts, whole_bytes);
  PngUnfilter unfilter(header.row_bytes(), header.filter_pixel_bytes(), PngRows::kBandRows);
  PngSamples samples(parts);
  const PngSampleShape shape = png_sample_shape(parts);
  const auto reducer =
      planar::make_box_reducer(header.width_px, header.height_px, shape.channels, shape.has_alpha,
                               shape.wide, std::min(side, kMostBoxSide));
  for (std::size_t done = 0; done < header.height_px;) {
    const std::size_t count = std::min<std::size_t>(PngRows::kBandRows, header.height_px - done);
    const std::uint8_t* band = rows.next(count);
    if (band == nullptr || !unfilter.run(band, count)) return std::nullopt;
    for (std::size_t row = 0; row < count; ++row) {
      const void* converted = samples.convert(unfilter.row(row));
      if (converted == nullptr) return std::nullopt;
      reducer->add(converted);
    }
    done += count;
  }
  if (!rows.ended()) return std::nullopt;
  return reducer->take();
}

std::uint64_t png_memory(const PngParts& parts, std::size_t side) {
  constexpr std::uint64_t kRows = 64;  // a band, unfiltered and as samples, sums and means of boxes
  constexpr std::uint64_t kBytesPerPixel = 8;
  const PngHeader& header = parts.header;
  const BoxGrid across(header.width_px, std::min(side, kMostBoxSide));
  const BoxGrid down(header.height_px, std::min(side, kMostBoxSide));
  return std::min(header.raw_bytes(), kPngWholeBytes) + header.width_px * kRows * kBytesPerPixel +
         across.count() * down.count() * png_sample_shape(parts).channels;
}

}  // namespace thumbmill
