// PNG files for tests, of any kind and with any fault: what no encoder writes on demand. Used by
// the tests of image/png.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "image/png/container.h"

namespace thumbmill {

/// Bytes that look random, the same for the same seed.
std::string random_bytes(std::size_t count, std::uint32_t seed);

/// A chunk with its length and CRC (PNG 3rd edition 5.3).
std::string png_chunk(std::string_view type, std::string_view data);

/// The IHDR chunk of `header`, not interlaced.
std::string png_header_chunk(const PngHeader& header, char interlace = 0);

/// The zlib stream of `bytes`; `window_bits` as deflateInit2 has it.
std::string zlib_stream(std::string_view bytes, int window_bits = 15);

/// Rows of `header`'s size, each with a filter's number in front. `pixels` are the unfiltered rows
/// without numbers. `filters` are taken in turn.
std::string filter_rows(const PngHeader& header, std::string_view pixels,
                        const std::vector<int>& filters);

/// What a whole file is made of; `pixels` as filter_rows() takes them.
struct PngFile {
  PngHeader header;
  std::string pixels;
  std::vector<int> filters{0, 1, 2, 3, 4};
  std::string palette;            ///< PLTE's data; empty: no chunk
  std::string transparency;       ///< tRNS's
  std::string chunks_in_front;    ///< whole chunks between IHDR and PLTE
  std::size_t data_bytes = 1000;  ///< of an IDAT chunk
};

std::string png_file(const PngFile& file);

/// A file of random pixels; a palette of all its depth allows, and indices within it.
PngFile random_png(PngColor color, int depth_bits, std::uint32_t width_px, std::uint32_t height_px,
                   std::uint32_t seed);

}  // namespace thumbmill
