// Rows of bitmaps in run lengths: RLE8, RLE4 (Microsoft's "Bitmap Compression") and OS/2's RLE24.
// Internal to image/bmp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "image/bmp/dib_rows.h"

namespace thumbmill::bmp {

/// Red, green, blue and alpha by index. What the bitmap has no entry for is opaque black.
using Palette = std::array<std::array<std::uint8_t, 4>, 256>;

Palette palette_of(const Dib& dib);

/// Rows of four channels. What the codes skip, and what is behind their end, is clear. Only a row
/// is kept, for codes never lead back.
class RunLengthRows final : public DibRows {
 public:
  explicit RunLengthRows(const Dib& dib);

  std::uint8_t* next() override;

 private:
  // Puts a pixel, if it is within the row.
  void put(const std::array<std::uint8_t, 4>& pixel);
  bool take_run(std::size_t count);
  bool take_literals(std::size_t count);
  bool take_escape(unsigned code);
  bool take_codes();

  const Dib& dib_;
  const Palette palette_;
  std::string_view rest_;
  std::size_t x_ = 0;
  std::size_t rows_to_skip_ = 0;  // clear ones that a code leads over
  bool row_ended_ = false;
  bool ended_ = false;
  std::vector<std::uint8_t> row_;
};

}  // namespace thumbmill::bmp
