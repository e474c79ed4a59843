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

/// The filtered rows of one image, from the first to the last; of an interlaced one, those of all
/// passes in turn.
class PngRows {
 public:
  /// Rows of next(); the last time it may be fewer.
  static constexpr std::size_t kBandRows = 16;
  /// Bytes that may be read behind a band.
  static constexpr std::size_t kPadding = 16;

  /// Rows one behind the other, each a filter's number and so many bytes as were asked for (PNG 3rd
  /// edition 7.3).
  struct Band {
    const std::uint8_t* rows = nullptr;
    std::size_t count = 0;
  };

  /// `parts` outlives it. The caller has compared the size with its limits: this takes up to
  /// `whole_bytes` and the compressed size, or else a band. May throw std::bad_alloc.
  explicit PngRows(const PngParts& parts, std::uint64_t whole_bytes = kPngWholeBytes);
  ~PngRows();
  PngRows(const PngRows&) = delete;
  PngRows& operator=(const PngRows&) = delete;

  /// The next `rows` <= kBandRows rows of `row_bytes` bytes, at most the header's row_bytes();
  /// valid up to the next call. Fewer where the data is damaged or too short: whole rows in front
  /// of the damage, as zlib and so libpng give them, and none from then on. What the checksum says,
  /// the window that the stream declares, and data behind the last row do not matter.
  Band next(std::size_t rows, std::size_t row_bytes);

 private:
  class Stream;

  bool inflate_whole(std::size_t room);

  const PngParts& parts_;
  std::unique_ptr<std::uint8_t[]> rows_;
  std::size_t at_ = 0;              // of the next row, where all were inflated at once
  std::size_t size_ = 0;            // of all of them
  std::unique_ptr<Stream> stream_;  // where not
};

}  // namespace thumbmill
