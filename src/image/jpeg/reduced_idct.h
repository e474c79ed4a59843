// Samples from a block's lowest frequencies: inverse DCTs of size 1, 2 and 4 (see scan_decoder.h).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "image/jpeg/bit_reader.h"

namespace thumbmill::jpeg {

// Here and below not std::clamp: with _GLIBCXX_ASSERTIONS it takes twice the instructions
// (docs/threat-model.md).
THUMBMILL_INLINE std::uint8_t to_sample(std::int32_t value) {
  return static_cast<std::uint8_t>(std::min(std::max(value + 128, 0), 255));
}

/// jpeg_idct_1x1 of libjpeg, whose range limit goes round at 10 bits.
THUMBMILL_INLINE std::uint8_t idct_1x1(std::int32_t dc) {
  const std::int32_t value = (dc + 4) >> 3;
  return to_sample(((value + 512) & 1023) - 512);
}

/// `c` is dequantised, [vertical frequency][horizontal]; each below 2^26.
THUMBMILL_INLINE void idct_2x2(const std::int32_t (&c)[2][2], std::uint8_t* out,
                               std::size_t stride) {
  const std::int32_t top = c[0][0] + c[1][0], top_odd = c[0][1] + c[1][1];
  const std::int32_t bottom = c[0][0] - c[1][0], bottom_odd = c[0][1] - c[1][1];
  out[0] = to_sample((top + top_odd + 4) >> 3);
  out[1] = to_sample((top - top_odd + 4) >> 3);
  out[stride] = to_sample((bottom + bottom_odd + 4) >> 3);
  out[stride + 1] = to_sample((bottom - bottom_odd + 4) >> 3);
}

/// `c` is dequantised and at most 2^13, [vertical frequency][horizontal]; is used up.
THUMBMILL_INLINE void idct_4x4(std::int32_t (&c)[4][4], std::uint8_t* out, std::size_t stride) {
  // sqrt(2) cos(pi/8) and sqrt(2) cos(3 pi/8), with 12 fractional bits. Each pass leaves a factor
  // of sqrt(8), both together the 8 that the block is divided by.
  constexpr std::int32_t kCos1 = 5352;
  constexpr std::int32_t kCos3 = 2217;
  constexpr int kBits = 12;
  constexpr int kKept = 2;  // fractional bits between the passes
  for (int x = 0; x < 4; ++x) {
    const std::int32_t even0 = (c[0][x] + c[2][x]) * (1 << kKept);
    const std::int32_t even1 = (c[0][x] - c[2][x]) * (1 << kKept);
    const std::int32_t round = 1 << (kBits - kKept - 1);
    const std::int32_t odd0 = (c[1][x] * kCos1 + c[3][x] * kCos3 + round) >> (kBits - kKept);
    const std::int32_t odd1 = (c[1][x] * kCos3 - c[3][x] * kCos1 + round) >> (kBits - kKept);
    c[0][x] = even0 + odd0;
    c[1][x] = even1 + odd1;
    c[2][x] = even1 - odd1;
    c[3][x] = even0 - odd0;
  }
  for (int y = 0; y < 4; ++y) {
    const auto& r = c[y];
    constexpr std::int32_t round = 1 << (kKept + 3 - 1);
    const std::int32_t even0 = r[0] + r[2] + round;
    const std::int32_t even1 = r[0] - r[2] + round;
    constexpr std::int32_t half = 1 << (kBits - 1);
    const std::int32_t odd0 = (r[1] * kCos1 + r[3] * kCos3 + half) >> kBits;
    const std::int32_t odd1 = (r[1] * kCos3 - r[3] * kCos1 + half) >> kBits;
    std::uint8_t* const row = out + static_cast<std::size_t>(y) * stride;
    row[0] = to_sample((even0 + odd0) >> (kKept + 3));
    row[1] = to_sample((even1 + odd1) >> (kKept + 3));
    row[2] = to_sample((even1 - odd1) >> (kKept + 3));
    row[3] = to_sample((even0 - odd0) >> (kKept + 3));
  }
}

/// side x side samples, side being 1, 2 or 4, of a block's first coefficients in zigzag order (T.81
/// figure A.6), of which 1, 5 or 25 are there, and their quantisation steps, each below 4096.
THUMBMILL_INLINE void idct_low(const std::int16_t* values, const std::int32_t* steps,
                               std::uint32_t side, std::uint8_t* out, std::size_t stride) {
  if (side == 1) {
    *out = idct_1x1(values[0] * steps[0]);
  } else if (side == 2) {
    const std::int32_t c[2][2] = {{values[0] * steps[0], values[1] * steps[1]},
                                  {values[2] * steps[2], values[4] * steps[4]}};
    idct_2x2(c, out, stride);
  } else {
    // Twice and more what 8-bit samples lead to (T.81 A.3.1: 11 bits); keeps sums of products
    // small.
    constexpr std::int32_t kLimit = 1 << 13;
    constexpr std::uint8_t kZigzag[4][4] = {
        {0, 1, 5, 6}, {2, 4, 7, 13}, {3, 8, 12, 17}, {9, 11, 18, 24}};
    std::int32_t c[4][4];
    for (int v = 0; v < 4; ++v) {
      for (int u = 0; u < 4; ++u) {
        const std::size_t k = kZigzag[v][u];
        c[v][u] = std::min(std::max(values[k] * steps[k], -kLimit), kLimit);
      }
    }
    idct_4x4(c, out, stride);
  }
}

}  // namespace thumbmill::jpeg
