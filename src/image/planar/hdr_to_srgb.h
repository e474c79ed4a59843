// Pictures for screens brighter than sRGB's, brought down to sRGB.
//
// PQ and HLG samples stand for light (ITU-R BT.2100 tables 4 and 5), of which white paper gives 203
// candela a square metre (BT.2408 2.2). What is above that has no place in sRGB, so that everything
// is made darker, and the part above paper white by more, on a curve that ends where the brightest
// light of the picture is white: the reference white tone mapping of SMPTE ST 2094-50 annex D,
// which Chromium applies to pictures without other instructions.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "image/planar/color_space.h"
#include "image/planar/row_conversion.h"

namespace thumbmill::planar {

/// The brightest light of a picture that does not say how bright it is, in candela a square metre.
inline constexpr double kUsualPeak = 1000;

/// Immutable.
class HdrToSrgb final : public RowConversion {
 public:
  /// is_hdr(cicp) holds. Primaries that are not known count as BT.2020's. `peak` is the brightest
  /// light in the picture: MaxCLL of CTA-861.3, where the file has it.
  explicit HdrToSrgb(const Cicp& cicp, double peak = kUsualPeak);

  void convert(float* rgb, std::size_t pixels) const override;

 private:
  using Matrix = std::array<std::array<float, 3>, 3>;

  bool hlg_;
  double peak_;
  Matrix to_bt2020_;
  Matrix to_srgb_;
  std::vector<float> light_;   // by sample: linear, 1 is paper white; of HLG the scene's, 0 to 1
  std::vector<float> levels_;  // sRGB samples by the square root of linear light
};

/// What the tone mapping makes of light, both relative to white: 0 to about 50 in, 0 to 1 out. For
/// tests.
double tone_mapped(double light, double peak = kUsualPeak);

}  // namespace thumbmill::planar
