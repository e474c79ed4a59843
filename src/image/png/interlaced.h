// Puts the seven passes of an interlaced PNG (Adam7, PNG 3rd edition 8.1) together. Holds the whole
// picture, since its first row is complete only after the sixth pass. Internal to image/png; an
// object is for one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "image/png/container.h"
#include "image/png/inflate.h"
#include "image/png/samples.h"

namespace thumbmill {

/// The samples of a whole picture.
class PngInterlaced {
 public:
  /// Reads all passes, as far as they are there. `rows` stands at their beginning. May throw
  /// std::bad_alloc.
  PngInterlaced(const PngParts& parts, PngRows& rows);

  /// Rows of which pixels are there, at least those of the first pass: the others are clear, and
  /// behind them.
  std::size_t known_rows() const { return known_rows_; }

  /// Samples as of PngSamples::convert(), which stay valid. A pixel that is not there has the
  /// samples of the one that stands for it (Adam7Pass).
  const void* row(std::size_t y) const { return samples_.data() + y * stride_; }

  /// Bytes that it takes.
  static std::uint64_t memory(const PngParts& parts);

 private:
  template <std::size_t kPixel>
  void scatter(const Adam7Pass& pass, std::size_t y, const std::uint8_t* samples);
  void put(const Adam7Pass& pass, std::size_t y, const void* samples);
  // Pixels beyond the first `rows` of pass number `pass`.
  void fill(std::size_t pass, std::size_t rows);

  const PngHeader& header_;
  const std::size_t pixel_bytes_;
  const std::size_t stride_;
  std::size_t known_rows_;
  std::vector<std::uint8_t> samples_;
};

}  // namespace thumbmill
