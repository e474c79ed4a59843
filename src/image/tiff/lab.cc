#include "image/tiff/lab.h"

#include <algorithm>
#include <cmath>

namespace thumbmill::tiff {
namespace {

constexpr std::size_t kLevels = 1 << 16;

// Of light relative to white's, from (L* + 16) / 116 and its like: CIE 15:2004, 8.2.1.
float light_of(float f) {
  constexpr float kCut = 6.0f / 29;
  return f > kCut ? f * f * f : 3 * kCut * kCut * (f - 4.0f / 29);
}

// IEC 61966-2-1 5.2.
double srgb_level(double linear) {
  return linear <= 0.0031308 ? 12.92 * linear : 1.055 * std::pow(linear, 1 / 2.4) - 0.055;
}

}  // namespace

LabToSrgb::LabToSrgb(Colors colors, int bits, SampleFormat format) {
  levels_.resize(kLevels);
  for (std::size_t i = 0; i < kLevels; ++i) {
    const double linear = static_cast<double>(i) / (kLevels - 1);
    levels_[i] = static_cast<std::uint16_t>(std::lround(srgb_level(linear) * 65535));
  }
  if (format == SampleFormat::real) return;  // as they are
  const bool wide = bits == 16;
  const float most = wide ? 65535 : 255;
  const float unit = wide ? 256 : 1;  // of a number that stands for 1 of a* and b*
  switch (colors) {
    case Colors::icc_lab:
      // ICC.1:2001-04 annex A: of 16-bit L*, 0xff00 is 100.
      lightness_ = {100 / (wide ? 65280.0f : 255.0f), 0, 0};
      a_ = b_ = {1 / unit, 128 * unit, 0};
      break;
    case Colors::itu_lab:
      // RFC 2301 6.2.3: a* from -85 to 85, b* from -75 to 125.
      lightness_ = {100 / most, 0, 0};
      a_ = {170 / (255 * unit), 128 * unit, 0};
      b_ = {200 / (255 * unit), 96 * unit, 0};
      break;
    default:
      // TIFF 6.0 section 23; for 16 bits Adobe Photoshop TIFF Technical Notes.
      lightness_ = {100 / most, 0, 0};
      a_ = b_ = {1 / unit, 0, 128 * unit};
      break;
  }
}

std::uint16_t LabToSrgb::level(float linear) const {
  if (!(linear > 0)) return 0;
  return levels_[static_cast<std::size_t>(std::min(linear, 1.0f) * (kLevels - 1) + 0.5f)];
}

void LabToSrgb::convert(float* lab, std::size_t count, std::uint16_t* out,
                        std::size_t out_step) const {
  for (std::size_t i = 0; i < count; ++i, lab += 3, out += out_step) {
    const float f = (lightness_.value(lab[0]) + 16) / 116;
    // Relative to the white, which is sRGB's then (0.9505, 1, 1.089).
    const float x = light_of(f + a_.value(lab[1]) / 500) * 0.95047f;
    const float y = light_of(f);
    const float z = light_of(f - b_.value(lab[2]) / 200) * 1.08883f;
    // IEC 61966-2-1 5.2.
    out[0] = level(3.2404542f * x - 1.5371385f * y - 0.4985314f * z);
    out[1] = level(-0.9692660f * x + 1.8760108f * y + 0.0415560f * z);
    out[2] = level(0.0556434f * x - 0.2040259f * y + 1.0572252f * z);
  }
}

void LabToSrgb::convert_lightness(const float* lightness, std::size_t count, std::uint16_t* out,
                                  std::size_t out_step) const {
  for (std::size_t i = 0; i < count; ++i, out += out_step) {
    *out = level(light_of((lightness_.value(lightness[i]) + 16) / 116));
  }
}

}  // namespace thumbmill::tiff
