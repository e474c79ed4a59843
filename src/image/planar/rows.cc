#include "image/planar/rows.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "image/limit_checks.h"
#include "image/planar/box_reduce.h"
#include "image/planar/render.h"
#include "image/reduction.h"

namespace thumbmill::planar {
namespace {

std::size_t box_side(const ThumbnailRequest& request, const RowShape& shape) {
  const double side = allowed_reduction(upright(shape.size, shape.orientation), request.renditions);
  return std::min(static_cast<std::size_t>(side), kMostBoxSide);
}

// Says which part of each box is covered by the picture's first `rows` rows. What is not covered
// was reduced as zeros, so that the colours are multiplied by it already, but for the sharpening.
void add_coverage(Picture& picture, std::size_t rows, const BoxGrid& down) {
  Plane alpha = picture.planes.front();
  for (std::size_t box = 0; box < down.count(); ++box) {
    const std::size_t covered = std::min(rows, down.end(box)) - std::min(rows, down.begin(box));
    const double part =
        static_cast<double>(covered) / static_cast<double>(down.end(box) - down.begin(box));
    const auto level = static_cast<std::uint8_t>(std::lround(255 * part));
    std::fill_n(alpha.row(box), alpha.width, level);
    for (Plane& plane : picture.planes) {
      std::uint8_t* const samples = plane.row(box);
      for (std::size_t x = 0; x < plane.width; ++x) samples[x] = std::min(samples[x], level);
    }
  }
  picture.planes.push_back(std::move(alpha));
  picture.has_alpha = true;
}

}  // namespace

Status admit_rows(const ThumbnailRequest& request, const RowShape& shape,
                  std::uint64_t reading_bytes) {
  constexpr std::uint64_t kBytesPerSample = 40;  // of a row: sums, and means of four rows of boxes
  RETURN_IF_ERROR(check_size(shape.size.width, shape.size.height, request.limits));
  const std::size_t side = box_side(request, shape);
  const BoxGrid across(shape.size.width, side);
  const BoxGrid down(shape.size.height, side);
  const std::uint64_t planes = across.count() * down.count() * (shape.channels + 1);
  const std::uint64_t rows = shape.size.width * shape.channels * kBytesPerSample;
  return ask_for_memory(request, upright(shape.size, shape.orientation),
                        reading_bytes + planes + rows);
}

Result<Decoded> reduce_rows(const ThumbnailRequest& request, const RowShape& shape,
                            const NextRow& next) {
  const std::size_t side = box_side(request, shape);
  const auto reducer = make_box_reducer(shape.size.width, shape.size.height, shape.channels,
                                        shape.has_alpha, shape.wide, side);
  std::size_t rows = 0;
  for (; rows < shape.size.height; ++rows) {
    const void* const row = next();
    if (row == nullptr) break;
    reducer->add(row);
  }
  if (rows == 0) {
    return Status(Code::corrupt_input, "the image cannot be decoded", "no row of pixels");
  }
  const std::size_t sample_bytes = shape.wide ? 2 : 1;
  const std::vector<char> nothing(
      rows < shape.size.height ? shape.size.width * shape.channels * sample_bytes + kRowPadding
                               : 0);
  for (std::size_t y = rows; y < shape.size.height; ++y) reducer->add(nothing.data());
  Decoded decoded;
  decoded.picture = reducer->take();
  if (rows < shape.size.height && !shape.has_alpha) {
    add_coverage(decoded.picture, rows, BoxGrid(shape.size.height, side));
  }
  decoded.picture.orientation = shape.orientation;
  decoded.size = upright(shape.size, shape.orientation);
  return decoded;
}

}  // namespace thumbmill::planar
