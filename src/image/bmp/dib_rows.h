// The rows of a device-independent bitmap as samples: red, green, blue, and alpha where the bitmap
// has some. In the order of the file, which is from the bottom to the top unless it says otherwise.
// Internal to image/bmp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "image/bmp/dib.h"
#include "image/planar/rows.h"

namespace thumbmill::bmp {

/// What the rows of `dib` become. Costs a look at every pixel where there is a mask for alpha: when
/// all alpha is 0, the bitmap is opaque, as in Chromium. Of run lengths there is alpha always: what
/// they skip is clear.
planar::RowShape shape_of(const Dib& dib);

/// One thread at a time. `dib` outlives it.
class DibRows {
 public:
  virtual ~DibRows() = default;

  /// The next row, with planar::kRowPadding behind it; null when the data has ended.
  virtual std::uint8_t* next() = 0;
};

/// Rows of `channels`, 3 or 4: the fourth is 255 where the bitmap has no alpha.
std::unique_ptr<DibRows> make_dib_rows(const Dib& dib, std::size_t channels);

}  // namespace thumbmill::bmp
