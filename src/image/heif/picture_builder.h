// From decoded rows to the planes of a planar::Picture, reduced on the way. Takes the rows of a
// picture in bands, from the top to the bottom, and keeps none of them. Internal to image/heif; one
// thread at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "base/status.h"
#include "image/heif/coded_picture.h"
#include "image/heif/properties.h"
#include "image/planar/picture.h"
#include "image/planar/row_conversion.h"

namespace thumbmill::heif {

/// What the bands are, and what becomes of them.
struct BuildPlan {
  Chroma chroma;
  int bits = 8;
  ColorCodes codes;
  SizePx stored;         ///< of the bands together
  Placement placement;   ///< what of it is kept
  std::size_t side = 1;  ///< of a box of pixels that becomes one, 1 to planar::kMostBoxSide
  std::optional<int> alpha_bits;
  bool premultiplied = false;
  bool as_rgb = false;  ///< grey as red, green and blue, for colours that need them
  const planar::RowConversion* conversion =
      nullptr;  ///< of red, green and blue; outlives the builder
};

class PictureBuilder {
 public:
  virtual ~PictureBuilder() = default;

  /// The next `rows` rows of luma, and the chroma that belongs to them: an even number of rows
  /// where chroma has half as many, unless they are the last ones. `alpha` is null without. Rows
  /// past the end of the picture are ignored.
  virtual void add(const PlaneViews& color, const SampleView* alpha, std::size_t rows) = 0;

  /// After the last band.
  virtual planar::Picture take() = 0;
};

/// unsupported: the colours are stored in a way that is not read here.
Result<std::unique_ptr<PictureBuilder>> make_picture_builder(const BuildPlan& plan);

}  // namespace thumbmill::heif
