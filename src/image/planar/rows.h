// From rows of samples, top row of the file first, to a decoded picture: for formats that are read
// row by row. The whole picture exists at no time unless it is asked for. Rows that a file lacks
// are clear. Does not read any format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "image/planar/rendition_maker.h"

namespace thumbmill::planar {

/// What the rows of a file become before they are reduced.
struct RowShape {
  SizePx size;               ///< as stored, at least 1 x 1
  std::size_t channels = 3;  ///< of a pixel: 1 or 3, one more with alpha
  bool has_alpha = false;    ///< the last channel, not premultiplied
  bool wide = false;         ///< std::uint16_t samples in the machine's order, else std::uint8_t
  int orientation = 1;       ///< EXIF 2.3, tag 274: 4 for a file with its bottom row first
};

/// Bytes behind the last sample of a row that reduce_rows() may read.
inline constexpr std::size_t kRowPadding = 16;

/// Compares the size with the limits and asks `request.admit` for what reduce_rows() and all that
/// follows take, and for `reading_bytes`, what the reader itself does. too_large names a limit.
Status admit_rows(const ThumbnailRequest& request, const RowShape& shape,
                  std::uint64_t reading_bytes);

/// Gives the samples of the next row, interleaved, valid up to the next call; null when the file
/// has no more rows.
using NextRow = std::function<const void*()>;

/// The picture of the rows that `next` gives, as much smaller as `request` lets it be. Rows that
/// are missing are clear, for which a picture without alpha gets one. corrupt_input: not one row is
/// there. May throw std::bad_alloc. Its profile is empty.
Result<Decoded> reduce_rows(const ThumbnailRequest& request, const RowShape& shape,
                            const NextRow& next);

}  // namespace thumbmill::planar
