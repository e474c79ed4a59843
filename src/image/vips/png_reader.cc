#include "image/vips/png_reader.h"

#include <algorithm>

#include "image/vips/png_container.h"
#include "image/vips/png_filter.h"
#include "image/vips/png_samples.h"

namespace thumbmill {

std::optional<ReducedPixels> read_reduced_png(std::string_view file, std::size_t side,
                                              const ImageLimits& limits,
                                              std::uint64_t whole_bytes) {
  const std::optional<PngParts> parts = take_png_apart(file);
  if (!parts) return std::nullopt;
  const PngHeader& header = parts->header;
  if (header.width_px > limits.max_side_px || header.height_px > limits.max_side_px ||
      std::uint64_t{header.width_px} * header.height_px > limits.max_pixels) {
    return std::nullopt;
  }
  PngRows rows(*parts, whole_bytes);
  PngUnfilter unfilter(header.row_bytes(), header.filter_pixel_bytes(), PngRows::kBandRows);
  PngSamples samples(*parts);
  const PngSampleShape shape = png_sample_shape(*parts);
  const auto reducer = make_box_reducer(header.width_px, header.height_px, shape.channels,
                                        shape.has_alpha, shape.wide, std::min(side, kMostBoxSide));
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

}  // namespace thumbmill
