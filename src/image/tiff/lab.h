// CIE L*a*b* to sRGB, 16-bit, for files without a profile that would do it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "image/tiff/layout.h"

namespace thumbmill::tiff {

/// Immutable.
class LabToSrgb {
 public:
  /// How `colors`, one of the Labs, has its samples in `bits` bits.
  LabToSrgb(Colors colors, int bits, SampleFormat format);

  /// Interleaved L*, a* and b*, as Scale::bits gives them, to interleaved RGB, the pixels of which
  /// begin `out_step` samples apart. What sRGB does not have is cut off.
  void convert(float* lab, std::size_t count, std::uint16_t* out, std::size_t out_step) const;

  /// L* alone, to grey.
  void convert_lightness(const float* lightness, std::size_t count, std::uint16_t* out,
                         std::size_t out_step) const;

 private:
  // A sample's value from its number.
  struct Axis {
    float scale = 1;
    float zero = 0;      // the number that stands for 0
    float negative = 0;  // numbers from here on are negative: less 2 x this. 0: none is
    float value(float number) const {
      if (negative > 0 && number >= negative) number -= 2 * negative;
      return (number - zero) * scale;
    }
  };

  std::uint16_t level(float linear) const;

  Axis lightness_, a_, b_;
  std::vector<std::uint16_t> levels_;  // of sRGB, by linear light
};

}  // namespace thumbmill::tiff
