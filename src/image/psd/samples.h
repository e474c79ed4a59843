// Rows of a PSD's channels as pixels: greys or colours of 8 or 16 bits, with alpha where the
// picture has some. CIELAB becomes sRGB, floats become sRGB's curve, and colours that were laid
// over white come off it. Not for CMYK, whose channels stay apart. Internal to image/psd.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "image/planar/rows.h"
#include "image/psd/channel_rows.h"
#include "image/psd/container.h"

namespace thumbmill::psd {

/// What rows become.
planar::RowShape shape_of(const Parts& parts);

/// One thread at a time. `parts` outlives it.
class PixelRows {
 public:
  explicit PixelRows(const Parts& parts);

  /// The next row; null when the data has ended.
  const void* next();

 private:
  void convert_bits();
  void convert_indices();
  void convert_bytes();
  void convert_wide();
  void convert_lab();
  // A sample of the current row, over 0 to 65535.
  std::uint32_t wide_sample(std::size_t channel, std::size_t x) const;

  const Parts& parts_;
  const planar::RowShape shape_;
  ChannelRows rows_;
  std::vector<std::uint8_t> narrow_;
  std::vector<std::uint16_t> wide_;
  std::vector<std::uint16_t> curve_;  // sRGB's, over linear values of 0 to 65535
};

}  // namespace thumbmill::psd
