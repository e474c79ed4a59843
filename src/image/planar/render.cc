#include "image/planar/render.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "image/planar/resample.h"
#include "image/planar/video_range.h"

namespace thumbmill::planar {
namespace {

// Sample i of the result covers `divisor` pixels from `from + i * divisor` of the scaled picture.
Axis make_axis(double origin, double extent, std::size_t in, std::uint32_t scaled,
               std::uint32_t from, std::uint32_t size, std::uint32_t divisor, bool mirror) {
  const double per_pixel = extent / scaled;
  Axis axis;
  axis.in = in;
  axis.out = (size + divisor - 1) / divisor;
  axis.step = per_pixel * divisor;
  axis.offset = origin + per_pixel * from;
  if (mirror) {
    axis.step = -axis.step;
    axis.offset = origin + extent - per_pixel * from;
  }
  return axis;
}

Plane transposed(const Plane& plane) {
  Plane made;
  made.width = made.stride = plane.height;
  made.height = plane.width;
  made.extent_x = plane.extent_y;
  made.extent_y = plane.extent_x;
  made.origin_x = plane.origin_y;
  made.origin_y = plane.origin_x;
  made.samples.resize(made.stride * made.height);
  // In squares, so that neither side of the copy strides through memory for long.
  constexpr std::size_t kSquare = 16;
  for (std::size_t top = 0; top < plane.height; top += kSquare) {
    const std::size_t bottom = std::min(top + kSquare, plane.height);
    for (std::size_t left = 0; left < plane.width; left += kSquare) {
      const std::size_t right = std::min(left + kSquare, plane.width);
      for (std::size_t y = top; y < bottom; ++y) {
        for (std::size_t x = left; x < right; ++x) made.row(x)[y] = plane.row(y)[x];
      }
    }
  }
  return made;
}

SizePx swapped_if(bool swap, SizePx size) {
  if (swap) std::swap(size.width, size.height);
  return size;
}

std::uint32_t divisor_of(const Picture& picture, std::size_t plane, std::uint32_t chroma_divisor) {
  return picture.model == ColorModel::ycbcr && plane > 0 ? chroma_divisor : 1;
}

// Chroma that is stored smaller than it has to become grows as decoders let it, smoothly: lanczos
// makes it ring.
Filter filter_for(const Axis& axis, bool chroma, Filter otherwise) {
  return chroma && std::abs(axis.step) < 1 ? Filter::triangle : otherwise;
}

Picture render_with(const Picture& source, SizePx upright_scaled, SizePx upright_crop,
                    std::uint32_t chroma_divisor, Filter filter) {
  const Turn turn = turn_of(source.orientation);
  const SizePx scaled = swapped_if(turn.transpose, upright_scaled);
  const SizePx crop = swapped_if(turn.transpose, upright_crop);
  // Counted behind the mirror, so that what is cut off is the same as in an upright file.
  const std::uint32_t left = (scaled.width - crop.width) / 2;
  const std::uint32_t top = (scaled.height - crop.height) / 2;
  Picture made;
  made.model = source.model;
  made.has_alpha = source.has_alpha;
  made.weights = source.weights;
  // Both chroma planes mostly go the same way.
  Axis x, y;
  Taps across, down;
  for (std::size_t i = 0; i < source.planes.size(); ++i) {
    const Plane& plane = source.planes[i];
    const std::uint32_t divisor = divisor_of(source, i, chroma_divisor);
    const Axis next_x = make_axis(plane.origin_x, plane.extent_x, plane.width, scaled.width, left,
                                  crop.width, divisor, turn.mirror_x);
    const Axis next_y = make_axis(plane.origin_y, plane.extent_y, plane.height, scaled.height, top,
                                  crop.height, divisor, turn.mirror_y);
    const bool chroma = source.model == ColorModel::ycbcr && i > 0;
    if (i == 0 || next_x != x) across = make_taps(next_x, filter_for(next_x, chroma, filter));
    if (i == 0 || next_y != y) down = make_taps(next_y, filter_for(next_y, chroma, filter));
    x = next_x;
    y = next_y;
    Plane resized = resample(plane, across, down);
    if (source.video_range) {
      to_full_range(resized.samples, i == 0 ? SampleKind::luma : SampleKind::difference);
    }
    resized.extent_x = static_cast<double>(crop.width) / divisor;
    resized.extent_y = static_cast<double>(crop.height) / divisor;
    made.planes.push_back(turn.transpose ? transposed(resized) : std::move(resized));
  }
  return made;
}

}  // namespace

Turn turn_of(int orientation) {
  const auto among = [&](int a, int b, int c, int d) {
    return orientation == a || orientation == b || orientation == c || orientation == d;
  };
  return {among(2, 3, 7, 8), among(3, 4, 6, 7), orientation >= 5};
}

SizePx upright(SizePx stored, int orientation) {
  return swapped_if(turn_of(orientation).transpose, stored);
}

Picture render(const Picture& source, const FitPlan& plan, std::uint32_t chroma_divisor) {
  return render_with(source, plan.scaled, plan.crop, chroma_divisor, Filter::lanczos3);
}

Picture render_small(const Picture& source, SizePx size) {
  return render_with(source, size, size, 1, Filter::triangle);
}

bool is_large_enough(const Picture& source, SizePx upright_scaled, std::uint32_t chroma_divisor,
                     double factor) {
  const SizePx scaled = upright(upright_scaled, source.orientation);
  for (std::size_t i = 0; i < source.planes.size(); ++i) {
    const double least = factor / divisor_of(source, i, chroma_divisor);
    const Plane& plane = source.planes[i];
    if (plane.extent_x < least * scaled.width || plane.extent_y < least * scaled.height) {
      return false;
    }
  }
  return true;
}

}  // namespace thumbmill::planar
