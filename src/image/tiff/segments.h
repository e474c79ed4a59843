// Decodes a TIFF's strips or tiles, from the top to the bottom, into bands: as few rows as the file
// lets be decoded at once. Gives samples as the file packs them, in the machine's byte order; does
// not look at them. Damaged segments are left out and said to be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "image/tiff/layout.h"
#include "image/tiff/tiff_file.h"
#include "model/limits.h"

namespace thumbmill::tiff {

/// Some columns of a band.
struct Piece {
  std::size_t left = 0;    ///< column of the picture
  std::size_t width = 0;   ///< pixels that belong to the picture
  std::size_t rows = 0;    ///< of the band's, those that were decoded
  std::size_t stride = 0;  ///< bytes from a row to the next
  /// Interleaved samples, or a plane for each of Layout::taken. 16 bytes behind the last row are
  /// readable.
  std::vector<const std::uint8_t*> planes;
};

/// Rows of the picture, all of its width.
struct Band {
  std::size_t rows = 0;
  std::vector<Piece> pieces;
};

/// One thread at a time.
class Segments {
 public:
  virtual ~Segments() = default;

  /// The next rows, valid until the next call. To be called until all rows of the picture came.
  virtual const Band& next() = 0;
};

/// `file`, prepared, for the first plane; for further ones the bytes are opened again. `layout`
/// is borrowed. corrupt_input when the segments say to have much more bytes than the file,
/// too_large when a JPEG in one has more scans than `limits` allow. May throw std::bad_alloc.
Result<std::unique_ptr<Segments>> open_segments(std::unique_ptr<TiffFile> file,
                                                std::string_view bytes,
                                                std::uint64_t most_bytes_at_once,
                                                const Layout& layout, const ImageLimits& limits);

/// About the most bytes that the segments take: libtiff's buffers and the band.
std::uint64_t segments_memory(const Layout& layout);

}  // namespace thumbmill::tiff
