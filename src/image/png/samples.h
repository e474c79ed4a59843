// Rows of a PNG as samples that can be averaged: palette entries looked up, 1, 2 and 4 bits spread
// over 0 to 255, tRNS turned into an alpha channel, 16 bits in the machine's byte order. Internal
// to image/png; an object is for one thread at a time. Does no colour management.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "image/png/container.h"

namespace thumbmill {

/// What rows become.
struct PngSampleShape {
  std::size_t channels = 0;  ///< 1 to 4
  bool has_alpha = false;    ///< the last channel is alpha, not premultiplied
  bool wide = false;         ///< 16 bits a sample, else 8

  std::size_t pixel_bytes() const { return channels * (wide ? 2 : 1); }
};

PngSampleShape png_sample_shape(const PngParts& parts);

/// Turns unfiltered rows of one image into samples.
class PngSamples {
 public:
  /// Rows have `width` pixels, at least 1: the picture's, or a pass's. `parts` outlives it.
  PngSamples(const PngParts& parts, std::size_t width);

  /// The row's samples, width x channels, interleaved; std::uint16_t when the shape is wide. In
  /// this object or in `row` itself, behind which 16 bytes are readable; valid up to the next call.
  /// An index that the palette does not have counts as its last one, as in Chromium.
  const void* convert(const std::uint8_t* row);

 private:
  using Convert = const void* (PngSamples::*)(const std::uint8_t*);

  Convert choose() const;
  const void* as_they_are(const std::uint8_t* row) { return row; }
  const std::uint8_t* unpacked(const std::uint8_t* row);
  const void* spread(const std::uint8_t* row);
  const void* looked_up(const std::uint8_t* row);
  const void* in_native_order(const std::uint8_t* row);
  template <typename Sample>
  const void* with_key_as_alpha(const Sample* samples);
  const void* keyed(const std::uint8_t* row);

  const PngParts& parts_;
  const std::size_t width_;
  const PngSampleShape shape_;
  const Convert convert_;
  void set_palette();

  std::array<std::array<std::uint8_t, 4>, 256> palette_{};  // red, green, blue, alpha
  std::array<std::uint16_t, 3> key_{};                      // the colour that is transparent
  std::vector<std::uint8_t> indices_;                       // 1, 2 or 4 bits: one a byte
  std::vector<std::uint16_t> wide_;                         // in the machine's order, without alpha
  std::vector<std::uint8_t> out8_;
  std::vector<std::uint16_t> out16_;
};

}  // namespace thumbmill
