// Undoes the filters of PNG rows (PNG 3rd edition 9). Internal to image/png; an object is for one
// thread at a time. Works on bytes: knows nothing of colours, depths or compression.
//
// A row's pixels depend each on the one before, so that a processor mostly waits. Rows in sequence
// that have the Paeth filter, nearly all of a photo's, are therefore worked on four at once, each
// one a pixel behind the row above it. Written in the compilers' vector types, which become SSE2 or
// NEON, or plain code elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace thumbmill {

/// The picture's rows in turn, unfiltered a band at a time.
class PngUnfilter {
 public:
  /// `pixel_bytes` is 1, 2, 3, 4, 6 or 8 (PngHeader::filter_pixel_bytes); `row_bytes` a multiple of
  /// it, `most_rows` the most that run() is given. Allocates most_rows + 1 rows.
  PngUnfilter(std::size_t row_bytes, std::size_t pixel_bytes, std::size_t most_rows);

  /// Unfilters `rows` rows that follow those of the last call. `filtered` has them one behind the
  /// other, each a filter's number and row_bytes bytes; 8 more bytes can be read behind them. How
  /// many were: fewer than `rows` where a filter's number is above 4. It ends there.
  std::size_t run(const std::uint8_t* filtered, std::size_t rows);

  /// Row `index` of the last run(): row_bytes bytes, and 16 to be read behind them, of any value.
  const std::uint8_t* row(std::size_t index) const { return slot(index + 1); }

 private:
  // In front of a row: zeros, which stand for the pixel left of the first.
  static constexpr std::size_t kFront = 16;
  static constexpr std::size_t kBehind = 16;

  const std::uint8_t* slot(std::size_t index) const {
    return buffer_.data() + index * stride_ + kFront;
  }
  std::uint8_t* slot(std::size_t index) { return buffer_.data() + index * stride_ + kFront; }

  const std::size_t row_bytes_;
  const std::size_t pixel_bytes_;
  const std::size_t stride_;
  std::size_t last_ = 0;  // the slot that has the row above the next run's first
  std::vector<std::uint8_t> buffer_;
};

/// The Paeth predictor (9.4) of bytes: left, above, above left. For the tests.
std::uint8_t paeth(std::uint8_t left, std::uint8_t above, std::uint8_t corner);

}  // namespace thumbmill
