// YCbCr as TIFF 6.0 section 21 has it, where libtiff does not make RGB of it by itself.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "image/tiff/layout.h"

namespace thumbmill::tiff {

/// Puts the chroma of packed 8-bit samples beside each of its pixels: Y, Cb and Cr of `width` x
/// `height` pixels to `out`. `packed` has whole blocks, which may reach beyond both sides.
void unpack_ycbcr(const std::uint8_t* packed, std::size_t width, std::size_t height,
                  const YcbcrCoding& coding, std::uint8_t* out);

/// Immutable.
class YcbcrToRgb {
 public:
  explicit YcbcrToRgb(const YcbcrCoding& coding);

  /// Interleaved Y, Cb and Cr to interleaved RGB, the pixels of which begin `out_step` apart.
  void convert(const std::uint8_t* ycbcr, std::size_t count, std::uint8_t* out,
               std::size_t out_step) const;

 private:
  // By sample, with kFraction fractional bits.
  using Table = std::array<std::int32_t, 256>;
  Table luma_, red_, blue_, green_of_blue_, green_of_red_;
};

}  // namespace thumbmill::tiff
