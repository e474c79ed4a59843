// From a PNG's image data to rows of samples, the one way for plain pictures and for the passes of
// interlaced ones. Internal to image/png.
#pragma once

#include <algorithm>
#include <cstddef>

#include "image/png/filter.h"
#include "image/png/inflate.h"
#include "image/png/samples.h"

namespace thumbmill {

/// Calls `use(y, samples)` for the next `height` rows of `width` pixels, both at least 1; `samples`
/// as of PngSamples::convert(). How many rows there were: fewer than `height` where the data is
/// damaged or ends, or a filter is not known. May throw std::bad_alloc.
template <typename Use>
std::size_t for_each_png_row(const PngParts& parts, PngRows& rows, std::size_t width,
                             std::size_t height, Use use) {
  const std::size_t row_bytes = parts.header.row_bytes(width);
  PngUnfilter unfilter(row_bytes, parts.header.filter_pixel_bytes(),
                       std::min(PngRows::kBandRows, height));
  PngSamples samples(parts, width);
  for (std::size_t done = 0; done < height;) {
    const std::size_t wanted = std::min(PngRows::kBandRows, height - done);
    const PngRows::Band band = rows.next(wanted, row_bytes);
    const std::size_t count = unfilter.run(band.rows, band.count);
    for (std::size_t row = 0; row < count; ++row, ++done) {
      use(done, samples.convert(unfilter.row(row)));
    }
    if (count < wanted) return done;
  }
  return height;
}

}  // namespace thumbmill
