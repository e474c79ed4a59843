// The headers of a device-independent bitmap: what a BMP file holds behind its file header, and an
// icon's image by itself (Microsoft's BITMAPCOREHEADER to BITMAPV5HEADER, IBM's OS/2 2.x header).
// Does not read pixels. Internal to image/bmp; a pure function.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/status.h"
#include "model/rendition.h"

namespace thumbmill::bmp {

enum class Compression { none, rle4, rle8, rle24 };

struct Dib {
  SizePx size;  ///< at least 1 x 1; of an icon, with the height of its colours only
  bool top_down = false;
  unsigned bits = 0;  ///< of a pixel: 1, 2, 4, 8, 16, 24 or 32
  Compression compression = Compression::none;
  /// Of 16, 24 and 32 bits: where red, green, blue and alpha are. Each is one run of bits, or 0.
  std::array<std::uint32_t, 4> masks{};
  std::string_view palette;       ///< of up to 8 bits: blue, green, red (and nothing) an entry
  std::size_t palette_entry = 4;  ///< bytes of an entry, 3 or 4
  std::string_view profile;       ///< ICC; empty without
  std::string_view data;          ///< rows of pixels, as far as they are there

  /// Bytes from a row to the next.
  std::size_t stride() const { return (std::size_t{size.width} * bits + 31) / 32 * 4; }
  /// Bytes of a row that hold pixels.
  std::size_t row_bytes() const { return (std::size_t{size.width} * bits + 7) / 8; }
};

/// Where a bitmap comes from, by which its alpha and its height are to be understood.
enum class Container { file, icon };

/// `bytes` begins with the information header. `data_offset` is where the pixels begin in it; 0, or
/// one within the headers, when they follow the palette. unsupported: JPEG, PNG or Huffman codes in
/// the bitmap. corrupt_input: no such header. Every read is bounded.
Result<Dib> read_dib(std::string_view bytes, std::size_t data_offset, Container container);

}  // namespace thumbmill::bmp
