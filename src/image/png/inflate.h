// The rows of a PNG as they were filtered, out of its compressed image data. Internal to
// image/png; an object is for one thread at a time.
//
// Small pictures are inflated at once, which libdeflate does three to fifteen times faster than
// zlib does it in pieces; large ones in bands, so that memory stays with the rows. Does not undo
// filters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "image/png/container.h"

namespace thumbmill {

/// Image data that inflates to more than this is inflated in bands.
inline constexpr std::uint64_t kPngWholeBytes = 48u << 20;

/// The filtered rows of one image, from the first to the last.
class PngRows {
 public:
  /// Rows of next(); the last time it may be fewer.
  static constexpr std::size_t kBandRows = 16;
  /// Bytes that may be read behind a band.
  static constexpr std::size_t kPadding = 16;

  /// `parts` outlives it. Failures come out of next(): a faulty stream, one that declares a window
  /// smaller than both 32 KiB and its output, and too little memory. The caller has compared the
  /// size with its limits: this takes up to `whole_bytes` and twice the compressed size, or else a
  /// band.
  explicit PngRows(const PngParts& parts, std::uint64_t whole_bytes = kPngWholeBytes);
  ~PngRows();
  PngRows(const PngRows&) = delete;
  PngRows& operator=(const PngRows&) = delete;

  /// The next `rows` <= kBandRows rows, one behind the other, each a filter's number and
  /// row_bytes() bytes (PNG 3rd edition 7.3); valid up to the next call. nullptr when the data is
  /// damaged or too short.
  const std::uint8_t* next(std::size_t rows);

  /// After the last row: whether the data ended with it, and its checksum is right.
  bool ended();

 private:
  class Stream;

  bool inflate_whole();

  const PngParts& parts_;
  const std::size_t stride_;
  std::unique_ptr<std::uint8_t[]> rows_;
  std::size_t at_ = 0;              // of the next row, where all were inflated at once
  bool whole_ = false;              // all were
  std::unique_ptr<Stream> stream_;  // where not
};

}  // namespace thumbmill
