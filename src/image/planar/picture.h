// A decoded picture as it goes through the kernel: planes of samples, each of its own size, in the
// colours and the orientation of the file. Values only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/rendition.h"

namespace thumbmill::planar {

/// Samples of one component, 8-bit, rows from the top.
struct Plane {
  std::size_t width = 0;   ///< samples a row that belong to the picture
  std::size_t height = 0;  ///< rows that belong to it
  std::size_t stride = 0;  ///< samples from a row to the next; what lies past `width` is padding
  /// The picture's sides in samples of this plane: a picture of 1601 pixels at 1/8 takes 201
  /// samples, of which it covers 200.125. Without this, everything would be shifted a little.
  double extent_x = 0;
  double extent_y = 0;
  /// Where the picture's left top lies, in samples from the plane's: 0 where the first sample
  /// stands for the first box of pixels, up to 1/2 where it stands for the first pixel of it, as
  /// the low frequencies of a wavelet do.
  double origin_x = 0;
  double origin_y = 0;
  std::vector<std::uint8_t> samples;  ///< stride x (at least height)

  const std::uint8_t* row(std::size_t y) const { return samples.data() + y * stride; }
  std::uint8_t* row(std::size_t y) { return samples.data() + y * stride; }
};

/// What the planes are: luma alone; luma, blue and red difference; red, green, blue; amounts of
/// ink, 0 for none and 255 for full.
enum class ColorModel { grey, ycbcr, rgb, cmyk };

/// The parts of red and blue in luma (Kr and Kb of ITU-T H.273 table 4); green has the rest. The
/// default is BT.601's, which JPEG (ITU-T T.871) and WebP have.
struct LumaWeights {
  double red = 0.299;
  double blue = 0.114;
  bool operator==(const LumaWeights&) const = default;
};

/// A plane for each letter of the model's name, in its order, but one for grey; and one more for
/// alpha.
struct Picture {
  ColorModel model = ColorModel::grey;
  bool has_alpha = false;  ///< of grey and rgb: the last plane is it, and the others are multiplied
                           ///< by it
  LumaWeights weights = {};  ///< of ycbcr
  int orientation = 1;       ///< EXIF 2.3, tag 274: what is still to be done to see it upright
  bool video_range = false;  ///< of a ycbcr picture's samples (video_range.h); else they use all
  std::vector<Plane> planes;
};

/// Interleaved 8-bit pixels, height_px x width_px x channels, sRGB once the profile was applied.
struct Pixels {
  SizePx size;
  std::size_t channels = 3;  ///< red, green, blue; and a fourth: alpha, not premultiplied
  std::vector<std::uint8_t> bytes;
};

}  // namespace thumbmill::planar
