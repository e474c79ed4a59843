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

/// A number as PNG has it (PNG 3rd edition 7.1).
std::string png_number(std::uint32_t value);

/// The IHDR chunk of `header`.
std::string png_header_chunk(const PngHeader& header);

/// The zlib stream of `bytes`; `window_bits` as deflateInit2 has it.
std::string zlib_stream(std::string_view bytes, int window_bits = 15);

/// Rows of `header`'s size, not interlaced, each with a filter's number in front. `pixels` are the
/// unfiltered rows without numbers. `filters` are taken in turn.
std::string filter_rows(const PngHeader& header, std::string_view pixels,
                        const std::vector<int>& filters);

/// What a whole file is made of; `pixels` as filter_rows() takes them.
struct PngFile {
  PngHeader header;
  std::string pixels;  ///< of an interlaced one, too: in their places
  std::vector<int> filters{0, 1, 2, 3, 4};
  std::string palette;            ///< PLTE's data; empty: no chunk
  std::string transparency;       ///< tRNS's
  std::string chunks_in_front;    ///< whole chunks between IHDR and PLTE
  std::size_t data_bytes = 1000;  ///< of an IDAT chunk
};

/// What the image data of `file` inflates to: filtered rows, of all passes if it is interlaced.
std::string filtered_rows(const PngFile& file);

std::string png_file(const PngFile& file);

/// The file of `parts`, each a whole chunk, behind a signature.
std::string png_of_chunks(const std::vector<std::string>& chunks);

/// A file of random pixels; a palette of all its depth allows, and indices within it.
PngFile random_png(PngColor color, int depth_bits, std::uint32_t width_px, std::uint32_t height_px,
                   std::uint32_t seed);

}  // namespace thumbmill
