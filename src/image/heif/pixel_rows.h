// Decoded rows as interleaved red, green and blue, at full size: for pictures that cannot be
// reduced as planes (those with alpha, high dynamic range, or planes that are cut unevenly).
// Internal to image/heif; one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "image/heif/coded_picture.h"
#include "image/heif/properties.h"
#include "image/planar/picture.h"

namespace thumbmill::heif {

inline constexpr std::uint16_t kIdentityMatrix = 0;

/// Of MatrixCoefficients (ITU-T H.273 table 4); BT.601's for "unspecified". Nothing for a matrix
/// that is not made of two weights (constant luminance, YCgCo, ICtCp), and for the identity.
std::optional<planar::LumaWeights> luma_weights(const ColorCodes& codes);

/// Which part of each decoded row is wanted.
struct RowShape {
  int bits = 8;
  Chroma chroma;
  std::size_t stored = 0;  ///< luma samples a row has
  std::size_t left = 0;    ///< of which those from here on are wanted
  std::size_t width = 0;   ///< this many
};

/// Makes rows of one picture. Samples of either range come out with all levels of 8 or 16 bits.
class PixelRows {
 public:
  /// `weights` is nothing for the identity, which has green, blue and red in its planes.
  PixelRows(const RowShape& shape, bool full_range, std::optional<planar::LumaWeights> weights);

  /// Row `y` of planes with `rows` rows of luma: `channels` (3 or 4) samples a pixel, of which the
  /// fourth is left as it is. Chroma between samples is interpolated. `Sample` is std::uint8_t or
  /// std::uint16_t.
  template <typename Sample>
  void convert(const PlaneViews& planes, std::size_t rows, std::size_t y, std::size_t channels,
               Sample* out);

 private:
  void plain_row(const SampleView& plane, std::size_t y, std::vector<float>& out) const;
  // In full width, centred on 0.
  void chroma_row(const SampleView& plane, std::size_t rows, std::size_t y,
                  std::vector<float>& out);

  const RowShape shape_;
  const std::optional<planar::LumaWeights> weights_;
  float luma_offset_ = 0, luma_scale_ = 1, chroma_scale_ = 1;  // to 0 to 1 and -0.5 to 0.5
  std::vector<float> luma_, blue_, red_, mixed_;
};

/// The alpha of row `y` into the fourth of its channels; alpha always uses all levels. Colours that
/// were multiplied by alpha are divided by it.
template <typename Sample>
void set_alpha(const SampleView& alpha, const RowShape& shape, std::size_t y, bool premultiplied,
               Sample* pixels);

}  // namespace thumbmill::heif
