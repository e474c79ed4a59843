// Pictures in linear light: their ICC profile's curve is a straight line, as programs for
// compositing and photography write them in 16 bits or real numbers. Rounded to 8 bits, their dark
// parts would have a few levels only. Their rows are therefore given sRGB's curve first, and their
// profile is told so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "image/planar/picture.h"
#include "image/planar/row_conversion.h"

namespace thumbmill::planar {

/// The profile of a picture in `model`, grey or rgb, once LinearToSrgbCurve was applied to it.
/// Nothing for one whose samples are not linear, or that is no profile of such a picture.
std::optional<std::string> with_srgb_curve(const std::string& profile, ColorModel model);

/// IEC 61966-2-1 5.2. Changes the curve only, not the primaries. Immutable.
class LinearToSrgbCurve final : public RowConversion {
 public:
  LinearToSrgbCurve();

  void convert(float* rgb, std::size_t pixels) const override;

 private:
  std::vector<float> levels_;  // by the square root of linear light
};

}  // namespace thumbmill::planar
