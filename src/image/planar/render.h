// From decoded planes to a rendition's: scaled, cropped and upright, in one resize of each plane.
#pragma once

#include <cstdint>
#include <vector>

#include "image/planar/picture.h"

namespace thumbmill::planar {

/// How an orientation comes about: mirrored first, then rows and columns exchanged.
struct Turn {
  bool mirror_x = false;
  bool mirror_y = false;
  bool transpose = false;
};

/// EXIF 2.3, tag 274; `orientation` is 1 to 8.
Turn turn_of(int orientation);

/// A stored size as it is upright, and back.
SizePx upright(SizePx stored, int orientation);

/// `source` scaled to plan.scaled and cut to plan.crop (the canvas is not made here), upright:
/// orientation 1, and in the full range. `plan` is for the upright picture. Chroma planes (of
/// ycbcr) become smaller by `chroma_divisor` than luma, 1 or 2, rounded up; the first lies under
/// the picture's left top.
Picture render(const Picture& source, const FitPlan& plan, std::uint32_t chroma_divisor);

/// The whole picture in another size, for a placeholder: triangle filter, chroma as large as luma.
Picture render_small(const Picture& source, SizePx size);

/// Whether each plane of `source` is at least `factor` times as large as what render() would make
/// of it, in both directions.
bool is_large_enough(const Picture& source, SizePx upright_scaled, std::uint32_t chroma_divisor,
                     double factor);

}  // namespace thumbmill::planar
